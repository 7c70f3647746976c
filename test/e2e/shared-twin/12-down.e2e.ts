import { expect } from "chai";
import { execa } from "execa";
import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { environments } from "../../../config/environments.ts";
import { listClusters } from "../../../twin/cluster/cluster.ts";
import { leftovers } from "../../../twin/process/leftovers.ts";
import { isAlive, processIdentity } from "../../../twin/process/pid.ts";
import { listProcesses } from "../../../twin/process/processes.ts";
import { readTwin, twinAccounts, twinPaths } from "../../../twin/state/twin.ts";
import { aws, eventually, idp, kubectl, pulumi, succeeded } from "../support/twin.ts";

describe("teardown", function () {
  this.timeout(300_000);

  it("of prod is refused as a whole while its cluster is protected", async () => {
    // With its preview, as a person runs it: the refusal comes before the first deletion. Without it the engine finds
    // out resource by resource.
    const { failed, all } = await pulumi("destroy", "-s", "prod", "--yes");
    expect(failed, all).to.equal(true);
    expect(all).to.match(/protect/i);
    succeeded(await pulumi("preview", "-s", "prod", "--expect-no-changes"));
    succeeded(
      await pulumi(
        "config",
        "set",
        "--path",
        "idp:cluster.deletionProtection",
        "false",
        "-s",
        "prod",
      ),
    );
    succeeded(await pulumi("up", "-s", "prod", "--yes", "--skip-preview"));
    const finalizers = "jsonpath={.items[*].metadata.finalizers}";
    await eventually(
      "prod's Applications take along what they deployed",
      () => kubectl("prod", "get", "applications", "-n", "argocd", "-o", finalizers),
      (text) => text.split("resources-finalizer.argocd.argoproj.io").length === 3,
      60_000,
    );
  });

  for (const environment of environments) {
    it(`of ${environment} leaves in its account what docs/runbooks/teardown.md says, and no more`, async () => {
      succeeded(await pulumi("destroy", "-s", environment, "--yes", "--skip-preview"));
      const { accountId, profile } = twinAccounts[environment];
      const left = () => recordsIn(join(twinPaths().state, "aws", accountId));
      const [profileRecord = "", ...others] = left().reverse();
      expect(profileRecord).to.match(
        new RegExp(`^iam/instanceProfile/eks-us-west-2-idp-${environment}-[0-9a-f]+\\.json$`),
      );
      const group = `/aws/eks/idp-${environment}/cluster`;
      expect(others).to.deep.equal([`cloudwatch/logGroup/${encodeURIComponent(group)}.json`]);
      succeeded(await aws(profile, "logs", "delete-log-group", "--log-group-name", group));
      expect(left()).to.deep.equal([profileRecord]);
      expect(
        listClusters().filter(({ accountId }) => accountId === twinAccounts[environment].accountId),
      ).to.deep.equal([]);
    });
  }

  it("of the twin leaves no process, port or file", async () => {
    const { state } = twinPaths();
    const processes = listProcesses().map(({ pid }) => ({
      pid,
      identity: processIdentity(pid) ?? "",
    }));
    const twin = readTwin();
    const ports = twin ? [twin.gitPort, ...Object.values(twin.registryPorts)] : [];
    succeeded(await idp("twin", "down"));
    expect(existsSync(state)).to.equal(false);
    expect(
      processes.filter(({ pid, identity }) => identity && isAlive(pid, identity)),
    ).to.deep.equal([]);
    expect(leftovers(state)).to.deep.equal([]);
    expect(await Promise.all(ports.map(isOpen))).to.deep.equal(ports.map(() => false));
    const { stdout } = await execa("ps", ["-eo", "args"]);
    expect(stdout.split("\n").filter((line) => line.includes(state))).to.deep.equal([]);
  });

  it("is no error when there is nothing to tear down", async () => {
    succeeded(await idp("twin", "down"));
  });
});

/** Files of resources in an account of the double. */
function recordsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json"))
    .sort();
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
