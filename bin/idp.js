#!/usr/bin/env node
// The `idp` command: runs cli/main.ts, which Node reads as it is, types stripped, from 22.18 on.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const current = major > 22 || (major === 22 && minor >= 18);
const cache =
  process.env.IDP_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "idp");
// `make` puts this Node there when the machine's own is older.
const cachedNode = join(cache, "node/node_modules/node/bin/node");
if (!current && !existsSync(cachedNode)) {
  console.error(
    `idp needs Node 22.18 or newer, found ${process.versions.node}. Fix: make node (puts one into ${cache}).`,
  );
  process.exit(2);
}
const run = spawnSync(
  current ? process.execPath : cachedNode,
  [join(import.meta.dirname, "../cli/main.ts"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
if (run.signal) process.kill(process.pid, run.signal);
process.exit(run.status ?? 1);
