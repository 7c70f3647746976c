import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { ArgoCdInstall, type ArgoCdInstallArgs } from "../../components/argocd-install.ts";
import { argoCdManifest } from "../support/fixtures.ts";
import { inputsOf, names, record } from "../support/record.ts";

const args: ArgoCdInstallArgs = {
  manifest: argoCdManifest,
  reconciliationSeconds: 61,
  repository: { url: "https://github.com/owner/idp" },
};

const expected = [
  "idp:platform:ArgoCdInstall argocd",
  "kubernetes:apps/v1:Deployment argocd/argocd-server",
  "kubernetes:core/v1:ConfigMap argocd/argocd-cm",
  "kubernetes:core/v1:ConfigMap argocd/argocd-cmd-params-cm",
  "kubernetes:core/v1:ConfigMap argocd/argocd-rbac-cm",
  "kubernetes:core/v1:Namespace argocd",
  "kubernetes:core/v1:ServiceAccount argocd/argocd-server",
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole argocd-server",
  "kubernetes:yaml/v2:ConfigGroup argocd",
  "kubernetes:yaml:ConfigGroup argocd-configuration",
  "kubernetes:yaml:ConfigGroup argocd-workloads",
];

function dataOf(made: Parameters<typeof inputsOf>[0], name: string): unknown {
  return inputsOf(made, "kubernetes:core/v1:ConfigMap", `argocd/${name}`)["data"];
}

describe("ArgoCdInstall", () => {
  for (const preview of [false, true]) {
    it(`makes what the release holds, in its namespace${preview ? ", in a preview" : ""}`, async () => {
      const made = await record(() => new ArgoCdInstall("argocd", args), { preview });
      expect(names(made)).to.deep.equal(expected);
    });
  }

  it("sets what this platform decides and leaves the rest of the release unchanged", async () => {
    const made = await record(() => new ArgoCdInstall("argocd", args));
    expect(dataOf(made, "argocd-cm")).to.deep.equal({
      kept: "as it was",
      "timeout.reconciliation": "61s",
      "timeout.reconciliation.jitter": "31s",
      "application.resourceTrackingMethod": "annotation",
      "exec.enabled": "false",
      "users.anonymous.enabled": "false",
    });
    expect(dataOf(made, "argocd-rbac-cm")).to.deep.equal({ "policy.default": "role:readonly" });
    expect(dataOf(made, "argocd-cmd-params-cm")).to.deep.equal({
      "server.insecure": "false",
      "applicationsetcontroller.enable.new.git.file.globbing": "true",
    });
  });

  it("hands its definitions to the provider as text, under their old names", async () => {
    const made = await record(() => new ArgoCdInstall("argocd", args));
    const { yaml, resourcePrefix } = inputsOf(made, "kubernetes:yaml/v2:ConfigGroup", "argocd");
    expect(resourcePrefix).to.equal("");
    expect(JSON.parse(String(yaml))).to.deep.equal({
      apiVersion: "v1",
      kind: "List",
      items: argoCdManifest.filter(({ kind }) => kind === "CustomResourceDefinition"),
    });
  });

  it("keeps a private repository's credentials in a secret", async () => {
    const githubApp = pulumi.secret({
      appId: "1",
      installationId: "2",
      privateKey: "-----BEGIN PRIVATE KEY-----",
    });
    const made = await record(() => new ArgoCdInstall("argocd", { ...args, githubApp }));
    const { metadata, stringData } = inputsOf(
      made,
      "kubernetes:core/v1:Secret",
      "argocd-repository",
    );
    expect(metadata).to.deep.equal({
      name: "repository",
      namespace: "argocd",
      labels: { "argocd.argoproj.io/secret-type": "repository" },
    });
    expect(Object.values(stringData as object)).to.include("1b47061264138c4ac30d75fd1eb44270");
  });

  it("refuses a release that lacks a ConfigMap to be set", async () => {
    const manifest = argoCdManifest.filter(({ metadata }) => metadata.name !== "argocd-rbac-cm");
    let message = "";
    try {
      await record(() => new ArgoCdInstall("argocd", { ...args, manifest }));
    } catch (error) {
      message = String(error);
    }
    expect(message).to.include("The release manifest has no ConfigMap argocd-rbac-cm.");
  });
});
