import { expect } from "chai";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { twinEnvironment } from "../../../twin/state/environment.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { listProcesses } from "../../../twin/process/processes.ts";
import { idp, pulumi, statusOf, succeeded } from "../support/twin.ts";

/** Runs `idp twin up` and, when a line of its output matches, does something to it. */
async function upInterrupted(when: RegExp, what: () => void): Promise<string> {
  const child = spawn(process.execPath, ["bin/idp.js", "twin", "up"], {
    cwd: repositoryRoot,
    env: twinEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let done = false;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (!done && when.test(line)) {
      done = true;
      what();
    }
  }
  expect(done, `a line like ${String(when)} in:\n${lines.join("\n")}`).to.equal(true);
  return lines.join("\n");
}

/** Process numbers of the engines at work on a stack. */
function engines(stack: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return (
          command[0]?.endsWith("/pulumi") === true &&
          command.includes(stack) &&
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(
            `IDP_TWIN=${process.env["IDP_TWIN"] ?? ""}\0`,
          )
        );
      } catch {
        return false;
      }
    });
}

/** Kills the engines at work on dev. */
function killEngines(): void {
  for (const pid of engines("dev")) process.kill(pid, "SIGKILL");
}

function killApiServer(): void {
  const server = listProcesses().find(({ name }) => name.includes("idp-dev.kube-apiserver"));
  if (server === undefined) throw new Error("dev has no API server");
  process.kill(server.pid, "SIGKILL");
}

describe("make up after a crash", function () {
  this.timeout(600_000);

  const awsResource = /^ *dev +│ .*aws:.* created/;
  const object = /^ *dev +│ .*kubernetes:.* created/;
  const released = "was killed: releasing its lock";

  before("dev is destroyed, so that there is something to make", async () => {
    succeeded(await pulumi("destroy", "-s", "dev", "--yes", "--skip-preview"));
  });

  it("of the engine, amid AWS's resources: releases its lock and finds what it had begun", async () => {
    await upInterrupted(awsResource, killEngines);
    // This run is broken off again, amid the cluster's objects.
    expect(await upInterrupted(object, killEngines)).to.include(released);
  });

  it("of the engine, then of the API server, amid the cluster's objects: finishes", async () => {
    expect(await upInterrupted(object, killApiServer)).to.include(released);
    succeeded(await idp("twin", "up"));
    expect((await statusOf("dev", "time-service"))?.health).to.equal("Healthy");
    succeeded(await pulumi("preview", "-s", "dev", "--expect-no-changes"));
  });
});
