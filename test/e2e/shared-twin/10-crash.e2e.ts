import { expect } from "chai";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { textOf } from "../../../twin/aws/spec.ts";
import { Store } from "../../../twin/aws/store.ts";
import { twinEnvironment } from "../../../twin/state/environment.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { listProcesses } from "../../../twin/process/processes.ts";
import { twinAccounts, twinPaths } from "../../../twin/state/twin.ts";
import { idp, pulumi, pulumiAs, pulumiCommandAs, statusOf, succeeded } from "../support/twin.ts";

/** A command, and the environment it runs in. */
interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

const twinUp: Command = {
  program: process.execPath,
  args: ["bin/idp.js", "twin", "up"],
  env: twinEnvironment(),
};

/** Runs a command and, when a line of its output matches, does something to it. */
async function interrupted(
  { program, args, env }: Command,
  when: RegExp,
  what: () => void,
): Promise<string> {
  const child = spawn(program, args, {
    cwd: repositoryRoot,
    env,
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

/** What destroy.yml leaves out, as options of `pulumi destroy`. */
function excluded(): string[] {
  const workflow = readFileSync(join(repositoryRoot, ".github/workflows/destroy.yml"), "utf8");
  const patterns = [...workflow.matchAll(/--exclude '([^']+)'/g)];
  return patterns.flatMap(([, pattern = ""]) => ["--exclude", pattern]);
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

describe("dev, destroyed as destroy.yml does and made again, by the provision role", function () {
  this.timeout(600_000);

  const awsResource = /^ *dev +│ .*aws:.* created/;
  const object = /kubernetes:.* created/;
  const released = "was killed: releasing its lock";
  let provision = "";
  const asProvision = async (...args: string[]) =>
    succeeded(await pulumiAs("dev", provision, ...args));

  before(async () => {
    const { stdout } = succeeded(await pulumi("stack", "output", "provisionRoleArn", "-s", "dev"));
    provision = stdout.trim();
    await asProvision("destroy", "--yes", "--skip-preview", ...excluded());
  });

  it("keeps what lets workflows in, and the log group", () => {
    const store = accountStore();
    expect(store.list("aws:eks/cluster:Cluster")).to.deep.equal([]);
    expect(store.list("aws:ec2/vpc:Vpc")).to.deep.equal([]);
    expect(store.list("aws:iam/role:Role").map(({ id }) => id)).to.include(
      provision.split("/").at(-1),
    );
    expect(store.list("aws:cloudwatch/logGroup:LogGroup").map(({ id }) => id)).to.deep.equal([
      "/aws/eks/idp-dev/cluster",
    ]);
  });

  it("is found again by make up after the engine was killed amid AWS's resources", async () => {
    await interrupted(twinUp, awsResource, killEngines);
  });

  it("is made by the role, after pulumi cancel and refresh; its runner is lost amid the cluster's objects", async () => {
    await asProvision("cancel", "--yes");
    await asProvision("refresh", "--yes", "--skip-preview", "--run-program=false");
    const up = pulumiCommandAs("dev", provision, "up", "--yes", "--skip-preview");
    await interrupted(up, object, killEngines);
  });

  it("is finished by make up, though the API server is killed, too", async () => {
    expect(await interrupted(twinUp, object, killApiServer)).to.include(released);
    succeeded(await idp("twin", "up"));
    expect((await statusOf("dev", "time-service"))?.health).to.equal("Healthy");
    await asProvision("preview", "--expect-no-changes");
  });

  it("lets nobody in but whom settings and program name", () => {
    expect(
      accountStore()
        .list("aws:eks/accessEntry:AccessEntry")
        .map(({ inputs }) => textOf(inputs, "principalArn").replace(/^.*\/|-[0-9a-f]{7}$/g, "")),
    ).to.have.members([
      "OrganizationAccountAccessRole",
      ...["idp-github-audit", "idp-github-preview", "idp-github-provision"],
    ]);
  });
});

function accountStore(): Store {
  return new Store(join(twinPaths().state, "aws", twinAccounts.dev.accountId));
}
