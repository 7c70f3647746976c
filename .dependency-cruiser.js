// Which folder may import which: `make check` holds it (depcruise), ARCHITECTURE.md shows it (`make picture`).

const data = ["config", "catalog", "lib"];
const program = ["components", ...data];
const platform = ["policy", "promotion", "cost", "doctor", ...program];

/**
 * Every room with the rooms that its files may import. A room names only rooms above it here, so no circle between
 * rooms can be allowed. What may be imported is a decision: add a name here only when the room needs what that name
 * stands for, and move the shared code down (to lib/ at the lowest) when it does not.
 */
export const rooms = {
  lib: [],
  config: ["lib"],
  catalog: ["config", "lib"],
  components: data,
  "index.ts": program,
  cost: data,
  policy: program,
  promotion: program,
  doctor: ["cost", ...program],

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
    ...["twin/cluster", "twin/components", "twin/engine", "twin/process", "twin/state"],
    ...["config", "lib"],
  ],
  "twin/kubelet": [
    ...["twin/aws", "twin/cluster", "twin/toolchain", "twin/process", "twin/state", "lib"],
  ],
  twin: [
    ...["twin/cluster", "twin/engine", "twin/images", "twin/git", "twin/toolchain"],
    ...["twin/process", "twin/state", ...platform],
  ],

  cli: ["twin", "index.ts", ...platform],
};

const names = Object.keys(rooms);
for (const [index, name] of names.entries()) {
  const wrong = rooms[name].filter((other) => !names.slice(0, index).includes(other));
  if (wrong.length > 0) {
    throw new Error(`.dependency-cruiser.js: "${name}" names ${wrong}, which must stand above it.`);
  }
}

/** The files of a room: those below its folder, less the rooms inside it; those of `twin` that a person calls. */
const filesOf = (room) =>
  room.endsWith(".ts")
    ? `^${room.replace(".", "\\.")}$`
    : `^${room}/${room === "twin" ? "[^/]+$" : ""}`;

/** Those of a room that another may import: of the twin, for the command line, every room. */
const reachedAs = (room) => (room === "twin" ? "^twin/" : filesOf(room));

const whole = "^(?!node_modules/|test/).*\\.[jt]s$";

/** One rule a room, named after it. */
const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room.replaceAll("/", "-").replace(".ts", "")}-imports-down`,
  severity: "error",
  comment:
    `${room} may import ${allowed.join(", ") || "nothing of ours"}: what is below must not know what is above it. ` +
    "Fix: hand the value in as an argument, or move what both need down to a room that both may import; " +
    "the table of rooms is in .dependency-cruiser.js.",
  from: { path: filesOf(room) },
  to: { path: whole, pathNot: [filesOf(room), ...allowed.map(reachedAs)] },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "the-twin-stays-apart",
      severity: "error",
      comment:
        "Only cli/ and the tests import twin/: the platform runs on AWS and must not know that it can run in the twin. " +
        "Fix: move what is no twin to lib/, or let cli/ hand it in.",
      from: { pathNot: "^(twin|cli|test)/" },
      to: { path: "^twin/" },
    },
    ...roomRules,
    {
      name: "no-circles",
      severity: "error",
      comment:
        "Files that import each other can be neither read nor tested one by one. " +
        "Fix: move what both need into a third file.",
      from: {},
      to: { circular: true },
    },
    {
      name: "tests-stay-outside",
      severity: "error",
      comment:
        "What runs must not depend on a test's helper. Fix: move it out of test/ into the room whose work it is.",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
    {
      name: "every-file-has-a-room",
      severity: "error",
      comment:
        "A file outside the rooms is under no rule. Fix: move it into one, or add its folder to the table of " +
        "rooms in .dependency-cruiser.js.",
      from: { path: whole, pathNot: [...names.map(filesOf), "^bin/", "^[^/]+\\.config\\.js$"] },
      to: {},
    },
    {
      name: "imports-are-there",
      severity: "error",
      comment:
        "Nothing is at this path. Fix: the path, with its ending .ts; or add the package to package.json.",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(twin/\\.state|test/golden|coverage)/" },
    tsConfig: { fileName: "tsconfig.json" },
    // Types count: who needs another's type knows it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types"] },
  },
};
