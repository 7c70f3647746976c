#!/usr/bin/env node
// The `idp` command: runs cli/main.ts through tsx, under Node 22 or newer.
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { homedir } = require("node:os");
const { join } = require("node:path");

const OLDEST = 22;
const cache =
  process.env.IDP_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "idp");
// `make` puts this Node there when the machine's own is older.
const cachedNode = join(cache, "node/node_modules/node/bin/node");
const current = Number(process.versions.node.split(".")[0]) >= OLDEST;
const node = current ? process.execPath : cachedNode;
if (!current && !existsSync(cachedNode)) {
  console.error(
    `idp needs Node ${OLDEST} or newer, found ${process.versions.node}. Fix: make node (puts one into ${cache}).`,
  );
  process.exit(2);
}
const run = spawnSync(
  node,
  ["--import", require.resolve("tsx"), join(__dirname, "../cli/main.ts"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
if (run.signal) process.kill(process.pid, run.signal);
process.exit(run.status ?? 1);
