import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { settingsFile } from "../../../twin/state/twin.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import {
  commit,
  eventually,
  fileOf,
  idp,
  kubectl,
  pulumi,
  replicasOf,
  statusOf,
  succeeded,
} from "../support/twin.ts";

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

  it("that does not parse is named in one line, and its mend is read at once by idp refresh", async () => {
    const other = fileOf("dev", "greeting-service");
    await commit("Break one file, and add a service", async ({ read }) => ({
      [file]: `${right}image: [\n`,
      [other]: await read(fileOf("dev", "version-service")),
    }));
    const { all } = await eventually(
      "status says so",
      async () => {
        // A result of a command that failed is an error.
        const { exitCode, all: said } = await idp("status", "--cluster");
        return { exitCode, all: said };
      },
      ({ exitCode, all: said }) => exitCode === 1 && said.includes("dev's ApplicationSet"),
    );
    const lines = all.split("\n").filter((line) => line.includes("ApplicationSet"));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(
      /^problem: dev's ApplicationSet is in error since .* UTC: argocd\/applications\/dev\/time-service\.yaml:\d+:\d+: .* Fix: mend that line, then npx idp refresh dev$/,
    );
    const refused = await idp("refresh", "dev");
    expect(refused.exitCode).to.equal(1);
    expect(refused.all).to.include("Fix: mend that line, then npx idp refresh dev");

    await commit("Fix it", () => Promise.resolve({ [file]: right }));
    succeeded(await idp("refresh", "dev"));
    expect((await statusOf("dev", "greeting-service"))?.sync, "the new one").to.be.oneOf([
      ...["Unknown", "OutOfSync", "Synced", "Missing"],
    ]);
    expect(await kubectl("dev", "get", "applications", "-n", "argocd", "-o", "name")).to.include(
      "greeting-service",
    );
    await commit("Remove the other one", () => Promise.resolve({ [other]: undefined }));
    await eventually(
      "it is gone",
      () => statusOf("dev", "greeting-service"),
      (status) => status === undefined,
    );
  });

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

describe("a change that the API server refuses", () => {
  const service = "time-service";
  const file = fileOf("dev", service);
  const refused = 7;
  const policy = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "seven-are-too-many" },
    spec: {
      failurePolicy: "Fail",
      // A dry run is how Argo CD compares: refused there, it would not begin to sync.
      matchConditions: [{ name: "real", expression: "!(has(request.dryRun) && request.dryRun)" }],
      matchConstraints: {
        resourceRules: [
          {
            ...{ apiGroups: ["apps"], apiVersions: ["v1"] },
            ...{ operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
          },
        ],
      },
      validations: [
        { expression: `object.spec.replicas != ${refused}`, message: "the quota is used up" },
      ],
    },
  };
  const binding = {
    ...{ apiVersion: policy.apiVersion, kind: `${policy.kind}Binding` },
    metadata: policy.metadata,
    spec: { policyName: policy.metadata.name, validationActions: ["Deny"] },
  };
  const run = (count: number) =>
    commit(`Run ${count}`, async ({ read }) => ({
      [file]: (await read(file)).replace(/^replicas: .*$/m, `replicas: ${count}`),
    }));
  const isTried = () =>
    eventually(
      "its sync is tried again",
      () => statusOf("dev", service),
      (status) => status?.message.startsWith("sync fails and is tried again: ") ?? false,
    );
  const remove = (kind: string) =>
    kubectl("dev", "delete", kind, policy.metadata.name, "--ignore-not-found");
  let wanted = 0;

  before(async () => {
    wanted = await replicasOf("dev", service);
    const scratch = mkdtempSync(join(tmpdir(), "idp-e2e-policy-"));
    const list = join(scratch, "list.json");
    const items = [policy, binding];
    writeFileSync(list, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await kubectl("dev", "create", "-f", list);
    rmSync(scratch, { recursive: true });
  });
  after(async () => {
    await remove(binding.kind);
    await remove(policy.kind);
    await run(wanted);
  });

  it("shows its reason from the first retry on, and gives way to its mend", async () => {
    await run(refused);
    expect((await isTried())?.message).to.include("the quota is used up");
    const { exitCode, all } = await idp("status", service, "--cluster");
    expect(exitCode).to.equal(1);
    expect(all).to.include(`problem: ${service} in dev: sync fails and is tried again: `);
    await run(2);
    const mended = Date.now();
    await eventually(
      "the mend is live",
      () => statusOf("dev", service),
      (status) => status?.sync === "Synced" && status.message === "",
    );
    expect(await replicasOf("dev", service)).to.equal(2);
    console.log(`      the mend was live after ${((Date.now() - mended) / 1000).toFixed(1)} s`);
  });

  it("is made by itself when what was in its way is gone", async () => {
    await run(refused);
    await isTried();
    await remove(binding.kind);
    await eventually(
      "it runs",
      () => replicasOf("dev", service),
      (count) => count === refused,
    );
  });
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
