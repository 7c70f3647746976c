// Which imports `make check` allows. The rooms and what each may import: test/architecture/rooms.ts.
import { rooms } from "./test/architecture/rooms.ts";

const names = Object.keys(rooms);

/** The files of a room: those below its folder, less the rooms inside it; those of `twin` that a person calls. */
const filesOf = (room) =>
  room.endsWith(".ts")
    ? `^${room.replace(".", "\\.")}$`
    : `^${room}/${room === "twin" ? "[^/]+$" : ""}`;

/** Those of a room that another may import: of the twin, for the command line, every room. */
const reachedAs = (room) => (room === "twin" ? "^twin/" : filesOf(room));

/** Configuration of the tools themselves. */
const own = "^(\\.dependency-cruiser|eslint\\.config)\\.js$";

const whole = "^(?!node_modules/|test/).*\\.[jt]s$";

/** One rule a room, named after it. */
const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room.replaceAll("/", "-").replace(".ts", "")}-imports-down`,
  severity: "error",
  comment:
    `${room} may import ${allowed.join(", ") || "nothing of ours"}: what is below must not know what is above it. ` +
    "Fix: hand the value in as an argument, or move what both need down to a room that both may import; " +
    "the table of rooms is in test/architecture/rooms.ts.",
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
      name: "judges-make-no-resource",
      severity: "error",
      comment:
        "What judges or reports must run without an engine: of components/ it uses the pure functions. " +
        "Fix: move the function out of the file that makes resources.",
      from: { path: "^(policy|promotion|cost|doctor)/" },
      to: { path: "^node_modules/@pulumi/(aws|awsx|eks|kubernetes)/", reachable: true },
    },
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
      name: "no-circles-of-folders",
      severity: "error",
      scope: "folder",
      comment:
        "Folders that import each other are one folder with a line through it. " +
        "Fix: move what both need into a third, or make them one.",
      from: {},
      to: { circular: true },
    },
    {
      name: "tests-stay-outside",
      severity: "error",
      comment:
        "What runs must not depend on a test's helper. Fix: move it out of test/ into the room whose work it is.",
      from: { pathNot: ["^test/", own] },
      to: { path: "^test/" },
    },
    {
      name: "every-file-has-a-room",
      severity: "error",
      comment:
        "A file outside the rooms is under no rule. Fix: move it into one, or add its folder to the table of " +
        "rooms in test/architecture/rooms.ts.",
      from: { path: whole, pathNot: [...names.map(filesOf), "^bin/", own] },
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
    exclude: { path: "^(twin/\\.state|test/golden)/" },
    tsConfig: { fileName: "tsconfig.json" },
    // A tree whose node_modules is a link to another's is judged as one that has its own.
    preserveSymlinks: true,
    // Types count: who needs another's type knows it.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types"] },
  },
};
