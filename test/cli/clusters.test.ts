import { expect } from "chai";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClusters, type ClusterOptions } from "../../cli/clusters.ts";
import { failure } from "../support/platform.ts";

describe("access to the clusters on AWS", () => {
  const path = process.env["PATH"];
  let scratch = "";

  /** A program on PATH that records how it was called. */
  const program = (name: string, script: string) => {
    const file = join(scratch, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> '${join(scratch, "calls")}'\n${script}\n`);
    chmodSync(file, 0o755);
  };
  const calls = () =>
    readFileSync(join(scratch, "calls"), "utf8")
      .trim()
      .replaceAll(/\S*idp-kubeconfig-\w+/g, "<scratch>")
      .split("\n");
  const ask = (options: ClusterOptions) =>
    withClusters({ cluster: true, ...options }, false, async (applications) =>
      applications?.("prod", "eu-central-1"),
    );
  const get = "--request-timeout 20s --namespace argocd get applications.argoproj.io --output json";

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp-clusters-"));
    process.env["PATH"] = `${scratch}:${path ?? ""}`;
    program("aws", "");
    program("kubectl", `echo '{"items":[{"metadata":{"name":"clock"},"spec":{}}]}'`);
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(scratch, { recursive: true });
  });

  it("is a kubeconfig that the AWS CLI makes with the account's profile", async () => {
    expect(await ask({ profile: ["prod=acme-prod"] })).to.deep.equal([
      { metadata: { name: "clock" }, spec: {} },
    ]);
    expect(calls()).to.deep.equal([
      "aws eks update-kubeconfig --kubeconfig <scratch>/prod --region eu-central-1 --name idp-prod --profile acme-prod",
      `kubectl --kubeconfig <scratch>/prod ${get}`,
    ]);
  });

  it("is asked for Image Updater's images, too", async () => {
    program("kubectl", `echo '{"items":[]}'`);
    const options = { cluster: true, context: ["dev=mine"] } as const;
    const images = await withClusters(options, false, async (...readers) =>
      readers[2]?.("dev", "eu-central-1"),
    );
    expect(images).to.deep.equal(new Map());
    expect(calls()).to.deep.equal([
      "kubectl --context mine --request-timeout 20s --namespace argocd get imageupdaters.argocd-image-updater.argoproj.io --output json",
    ]);
  });

  it("is a context when one is named", async () => {
    await ask({ context: ["prod=mine"] });
    expect(calls()).to.deep.equal([`kubectl --context mine ${get}`]);
  });

  it("is not set up unless it is asked for", async () => {
    expect(await withClusters({}, false, (applications) => Promise.resolve(applications))).to.equal(
      undefined,
    );
  });

  it("fails with the program's message and what to try", async () => {
    program("kubectl", "echo 'Unauthorized' >&2; exit 1");
    expect(await failure(ask({}))).to.equal(
      "prod's cluster cannot be asked: Unauthorized\nFix: make sure that kubectl get applications -n argocd works there; name its context (--context prod=<name>) or the account's profile (--profile prod=<name>)",
    );
  });

  it("refuses a context without an environment", async () => {
    expect(await failure(ask({ context: ["mine"] }))).to.equal(
      "--context mine: must be <environment>=<name of a context>, with one of dev, staging, prod",
    );
  });
});
