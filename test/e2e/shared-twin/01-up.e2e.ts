import { expect } from "chai";
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { environments } from "../../../config/environments.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { twinRegistry, requireTwin, twinPaths } from "../../../twin/state/twin.ts";
import { addressColumn } from "../support/address-column.ts";
import { eventually, fileOf, idp, pulumi, sleep, statusOf, succeeded } from "../support/twin.ts";

const minutes = (count: number) => count * 60_000;

/** Objects that are still coming up, the version of the twin's Kubernetes plugin, and the stack's own line, which counts. */
const expectedWarning =
  / kubernetes:\S+ \S+ creating |plugin kubernetes is expected to have|^ *pulumi:pulumi:Stack \S+ +\d+ warnings?$/;

/** The lines that warn, but for those that are expected. */
function warningsIn(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => /\bwarnings?\b/i.test(line))
    .filter((line) => !expectedWarning.test(line));
}

describe("make up", () => {
  it("brings up three accounts, prod synced by the operator", async function () {
    this.timeout(minutes(12));
    const { all } = succeeded(await idp("twin", "up"));
    expect(warningsIn(all)).to.deep.equal([]);
    const address = await addressColumn();
    for (const service of ["time-service", "version-service"]) {
      for (const [environment, tag] of [
        ["dev", "sha-[0-9a-f]{7}"],
        ["staging", "v1\\.0\\.0"],
        ["prod", "v1\\.0\\.0"],
      ] as const) {
        expect(all).to.match(
          new RegExp(`^${service} +${environment} +${tag} +Synced +Healthy${address}$`, "m"),
        );
      }
      expect(all).to.include(`prod/${service}: syncing it, as an operator does`);
      expect(all).not.to.include(`dev/${service}: syncing it`);
    }
    // The demo at its end: one commit in three environments.
    expect(all).to.match(/^ *[\d.]+ s +a person synced: prod runs v1\.1\.0$/m);
    expect(all).to.match(
      /^time-service sha-[0-9a-f]{7} in dev, v1\.1\.0 in staging and prod: one image,\nsha256:[0-9a-f]{64}$/m,
    );
  });

  it("changes nothing the second time", async function () {
    this.timeout(minutes(6));
    const { all } = succeeded(await idp("twin", "up"));
    for (const environment of environments) {
      expect(all).to.match(
        new RegExp(`^ *${environment} +│ 0 changes, \\d+ resources unchanged$`, "m"),
      );
    }
  });

  it("tells a program that all is well", async () => {
    const { stdout } = succeeded(await idp("twin", "status", "--json"));
    const status = JSON.parse(stdout) as { services: unknown[]; processes: { running: boolean }[] };
    expect(status.services).to.have.length(6);
    expect(status.processes.every(({ running }) => running)).to.equal(true);
  });

  it("lets plain pulumi commands see the twin, and nothing to change there", async () => {
    const { all } = succeeded(await pulumi("preview", "-s", "prod", "--expect-no-changes"));
    expect(warningsIn(all)).to.deep.equal([]);
  });

  it("listens on this machine only", async () => {
    const { stdout } = await execa("ss", ["-ltnpH"]);
    const ours = stdout.split("\n").flatMap((line) => {
      const [, , , address = ""] = line.split(/\s+/);
      const pid = /pid=(\d+)/.exec(line)?.[1];
      return pid !== undefined && isOfTwin(pid) ? [address] : [];
    });
    // At the least git, three registries and three API servers.
    expect(ours.length).to.be.at.least(7);
    expect(ours.filter((address) => !address.startsWith("127.0.0.1:"))).to.deep.equal([]);
  });
});

/** Whether a process works for this twin: its command, or its environment, names the twin's folder. */
function isOfTwin(pid: string): boolean {
  try {
    return ["cmdline", "environ"].some((file) =>
      readFileSync(`/proc/${pid}/${file}`, "utf8").includes(twinPaths().state),
    );
  } catch {
    // It has ended since.
    return false;
  }
}

describe("image updates", () => {
  it("write nothing at rest", async () => {
    const before = await head();
    await sleep(15_000);
    expect(await head()).to.equal(before);
  });

  it("write a new build into its line of dev's service file, and it runs", async () => {
    const registry = twinRegistry(requireTwin(), "dev");
    const facts = { title: "idp/localtime", revision: "abcdef0", version: "", created: new Date() };
    await pushImage(registry, "idp/localtime", "sha-abcdef0", ociImage(facts));
    await eventually(
      "the new build runs in dev",
      () => statusOf("dev", "time-service"),
      (status) =>
        status?.tag === "sha-abcdef0" && status.sync === "Synced" && status.health === "Healthy",
    );
    const { stdout } = await execa("git", ["diff", "--numstat", "main~1", "main"], {
      cwd: twinPaths().repository,
    });
    expect(stdout).to.equal(`1\t1\t${fileOf("dev", "time-service")}`);
  });

  const inTwin = async (...args: string[]) =>
    (await execa("git", args, { cwd: twinPaths().repository })).stdout;
  const head = () => inTwin("rev-parse", "main");
});
