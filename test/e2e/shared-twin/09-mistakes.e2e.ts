import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { settingsFile } from "../../../twin/state/twin.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import { commit, eventually, fileOf, kubectl, pulumi, statusOf } from "../support/twin.ts";

/** What runs of the untouched services: Deployments with their generation, Pods with their start. */
const running = async () =>
  await kubectl(
    "dev",
    "get",
    "deployment",
    "-A",
    "-o",
    'jsonpath={range .items[?(@.metadata.name=="version-service")]}{.metadata.uid} {.metadata.generation}{end}',
  );

describe("a wrong service file", () => {
  const service = "time-service";
  const file = fileOf("dev", service);
  let right = "";

  const mistakes: readonly (readonly [name: string, edit: (text: string) => string])[] = [
    ["a bad tag", (text) => text.replace(/tag: .*/, "tag: latest")],
    ["an unknown key", (text) => `${text}replica: 3\n`],
    ["a YAML error", (text) => `${text}image: [\n`],
    [
      "a foreign registry",
      (text) => text.replace(/repository: .*/, "repository: docker.io/library/nginx"),
    ],
  ];

  before(async () => {
    await commit("Note", async ({ read }) => {
      right = await read(file);
      return { [file]: `${right}# As it should be.\n` };
    });
    right += "# As it should be.\n";
  });

  for (const [name, edit] of mistakes) {
    it(`with ${name} stops its own service's changes, and no running service`, async () => {
      const before = await running();
      const image = await imageOf();
      await commit(`Break it: ${name}`, () => Promise.resolve({ [file]: edit(right) }));
      await argoCdHasLooked();
      expect(await running()).to.equal(before);
      expect(await imageOf(), "what ran goes on").to.equal(image);
      const other = await statusOf("dev", "version-service");
      expect(other?.sync).to.equal("Synced");
      expect(other?.health).to.equal("Healthy");
      await commit("Fix it", () => Promise.resolve({ [file]: right }));
      await eventually(
        "all is well again",
        () => statusOf("dev", service),
        (status) =>
          status?.sync === "Synced" && status.health === "Healthy" && status.message === "",
      );
    });
  }

  const imageOf = () =>
    kubectl(
      "dev",
      "get",
      "deployment",
      service,
      "-n",
      service,
      "-o",
      "jsonpath={.spec.template.spec.containers[0].image}",
    );
});

describe("wrong settings", () => {
  const mistakes: readonly (readonly [path: readonly string[], value: unknown, says: string])[] = [
    [["idp:cluster", "colour"], "blue", "idp:cluster.colour"],
    [["idp:network", "cidr"], "10.30.0.0/16", "idp:network.cidr"],
    [["idp:network", "cidr"], "10.10.0.0/24", "idp:network.cidr"],
    [["idp:aws", "accountId"], "000000000000", "idp:aws.accountId"],
    [["idp:aws", "accountId"], "100000000002", "100000000002"],
    [["idp:argoCd", "version"], "v3.6", "idp:argoCd.version"],
    [["idp:cluster", "version"], "1", "idp:cluster.version"],
    [["idp:argoCd", "sync"], "sometimes", "idp:argoCd.sync"],
    [["idp:images", "strategy"], "latest", "idp:images"],
    [["idp:argoCd", "manifestSha256"], "0".repeat(64), "sha256"],
  ];
  let scratch = "";
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp-e2e-settings-"));
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });

  for (const [path, value, says] of mistakes) {
    it(`${path.join(".")}: ${JSON.stringify(value).slice(0, 20)} is one clear error`, async () => {
      const document = parseDocument(readFileSync(settingsFile("dev"), "utf8"));
      document.setIn(["config", ...path], value);
      const file = join(scratch, "Pulumi.dev.yaml");
      writeFileSync(file, document.toString());
      const { failed, all } = await pulumi("preview", "-s", "dev", "--config-file", file);
      expect(failed, all).to.equal(true);
      expect(all).to.include(says);
      expect(all, "no stack trace").not.to.match(/^\s+at .*\.ts:\d+/m);
    });
  }
});
