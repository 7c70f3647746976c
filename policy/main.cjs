// What the engine loads. JavaScript, because TypeScript here would be type-checked at every preview; from this import on
// Node strips the types itself. The engine waits for the promise.
module.exports = import("./index.ts");
