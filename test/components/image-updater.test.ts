import { expect } from "chai";
import { parse } from "yaml";
import { ImageUpdater, type ImageUpdaterArgs } from "../../components/image-updater.ts";
import { imageUpdaterManifest } from "../support/fixtures.ts";
import { inputsOf, names, record } from "../support/record.ts";

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
const args: ImageUpdaterArgs = {
  manifest: imageUpdaterManifest,
  clusterName: "idp-dev",
  clusterArn: "arn:aws:eks:us-west-2:123456789012:cluster/idp-dev",
  region: "us-west-2",
  registryHost: host,
  repositoryArns: new Map([["idp/version", "arn:version"]]),
  intervalSeconds: 60,
};
const program = () => new ImageUpdater("idp-image-updater", args);
const configMap = "argocd/argocd-image-updater-config";

describe("ImageUpdater", () => {
  for (const preview of [false, true]) {
    it(`makes the release and a Pod identity${preview ? " in a preview" : ""}`, async () => {
      expect(names(await record(program, { preview }))).to.deep.equal([
        "aws:eks/podIdentityAssociation:PodIdentityAssociation idp-image-updater",
        "aws:iam/role:Role idp-image-updater",
        "aws:iam/rolePolicy:RolePolicy idp-image-updater",
        "idp:platform:ImageUpdater idp-image-updater",
        "kubernetes:apps/v1:Deployment argocd/argocd-image-updater-controller",
        `kubernetes:core/v1:ConfigMap ${configMap}`,
        "kubernetes:yaml/v2:ConfigGroup idp-image-updater",
        "kubernetes:yaml:ConfigGroup idp-image-updater-configuration",
        "kubernetes:yaml:ConfigGroup idp-image-updater-workloads",
      ]);
    });
  }

  it("reads the account's registry with credentials renewed before they expire, and starts no workflow", async () => {
    const made = await record(program);
    const data = inputsOf(made, "kubernetes:core/v1:ConfigMap", configMap)["data"] as Record<
      string,
      string
    >;
    expect(data["interval"]).to.equal("60s");
    expect(parse(data["registries.conf"] ?? "")).to.deep.equal({
      registries: [
        {
          name: "ecr",
          prefix: host,
          api_url: `https://${host}`,
          ping: false,
          credentials: "ext:/app/config/ecr-login.sh",
          credsexpire: "10h",
        },
      ],
    });
    expect(data["git.commit-message-template"]).to.match(/\n\[skip actions\]$/);
    expect(data["ecr-login.sh"])
      .to.match(/^#!\/bin\/sh\n/)
      .and.include("--region us-west-2");
  });

  it("reaches the registry where the settings say", async () => {
    const made = await record(
      () => new ImageUpdater("idp-image-updater", { ...args, registryApiUrl: "http://mirror" }),
    );
    const data = inputsOf(made, "kubernetes:core/v1:ConfigMap", configMap)["data"];
    expect(JSON.stringify(data)).to.include("api_url: http://mirror");
  });

  it("mounts the login script executable beside the configuration, and changes no other volume", async () => {
    const made = await record(program);
    const { spec } = inputsOf(
      made,
      "kubernetes:apps/v1:Deployment",
      "argocd/argocd-image-updater-controller",
    ) as { spec: { template: { spec: { volumes: unknown[] } } } };
    expect(spec.template.spec.volumes).to.deep.equal([
      {
        name: "image-updater-conf",
        configMap: {
          name: "argocd-image-updater-config",
          optional: true,
          items: [
            { key: "registries.conf", path: "registries.conf" },
            { key: "ecr-login.sh", path: "ecr-login.sh", mode: 0o555 },
          ],
        },
      },
      {
        name: "ssh-known-hosts",
        configMap: { name: "argocd-ssh-known-hosts-cm", optional: true },
      },
      { name: "tmp", emptyDir: {} },
    ]);
  });

  it("lets only its own service account read images", async () => {
    const made = await record(program);
    expect(
      inputsOf(made, "aws:eks/podIdentityAssociation:PodIdentityAssociation", "idp-image-updater"),
    ).to.deep.equal({
      clusterName: "idp-dev",
      namespace: "argocd",
      serviceAccount: "argocd-image-updater-controller",
      roleArn: "arn:aws:iam::123456789012:role/idp-image-updater",
    });
  });
});
