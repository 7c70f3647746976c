const data = ["config", "catalog", "lib"];
const program = ["components", ...data];
const platform = ["policy", "promotion", "cost", "github", "doctor", ...program];

/**
 * Every room with the rooms that its files may import. A room names only rooms above it here, so no circle between
 * rooms can be allowed. What may be imported is a decision: add a name here only when the room needs what that name
 * stands for, and move the shared code down (to lib/ at the lowest) when it does not.
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  config: ["lib"],
  catalog: ["config", "lib"],
  components: data,
  // What the program reads before it makes anything, and the program.
  "inputs.ts": data,
  "index.ts": ["inputs.ts", ...program],
  cost: data,
  policy: program,
  promotion: program,
  github: ["config", "lib"],
  doctor: ["cost", "github", ...program],

  // The twin, from its ground up.
  "twin/state": ["promotion", "config", "lib"],
  "twin/process": ["twin/state", "lib"],
  "twin/toolchain": ["twin/process", "lib"],
  "twin/git": ["twin/process", "twin/state", "promotion", ...data],
  "twin/images": ["twin/git", "twin/toolchain", "twin/process", "twin/state", "promotion", ...data],
  "twin/engine": ["twin/toolchain", "twin/process", "twin/state", "config", "lib"],
  "twin/components": ["twin/engine", "config", "lib"],
  "twin/cluster": ["twin/toolchain", "twin/process", "twin/state", "promotion", "config", "lib"],
  "twin/aws": [
    ...["twin/cluster", "twin/engine", "twin/process", "twin/state"],
    ...["config", "lib"],
  ],
  "twin/kubelet": [
    ...["twin/aws", "twin/cluster", "twin/toolchain", "twin/process", "twin/state"],
    ...["promotion", "config", "lib"],
  ],
  twin: [
    ...["twin/cluster", "twin/engine", "twin/images", "twin/git", "twin/toolchain"],
    ...["twin/process", "twin/state", ...platform],
  ],

  cli: ["twin", ...platform],
};

for (const [index, [room, allowed]] of Object.entries(rooms).entries()) {
  const above = Object.keys(rooms).slice(0, index);
  const wrong = allowed.filter((other) => !above.includes(other));
  if (wrong.length > 0) {
    throw new Error(
      `test/architecture/rooms.ts: "${room}" may import ${wrong.join(", ")}, which must stand above it.`,
    );
  }
}
