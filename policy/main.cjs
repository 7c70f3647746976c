// What the engine loads. JavaScript, because TypeScript here would be type-checked at every preview; from this import on
// Node strips the types itself. The engine waits for the promise.
const { flushCompileCache } = require("node:module");

// Where NODE_COMPILE_CACHE is set Node writes what it compiled at its end, and packs are killed: so it writes now.
module.exports = import("./index.ts").then(() => {
  flushCompileCache();
});
