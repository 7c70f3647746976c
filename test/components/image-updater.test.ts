import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
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

interface Pod {
  readonly volumes: unknown[];
  readonly containers: { readonly env: { readonly name: string; readonly value: string }[] }[];
}

const podOf = (made: Awaited<ReturnType<typeof record>>): Pod => {
  const { spec } = inputsOf(
    made,
    "kubernetes:apps/v1:Deployment",
    "argocd/argocd-image-updater-controller",
  ) as { spec: { template: { spec: Pod } } };
  return spec.template.spec;
};

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

  it("mounts the login script executable and git's ignore file beside the configuration, and changes no other volume", async () => {
    const { volumes } = podOf(await record(program));
    expect(volumes).to.deep.equal([
      {
        name: "image-updater-conf",
        configMap: {
          name: "argocd-image-updater-config",
          optional: true,
          items: [
            { key: "registries.conf", path: "registries.conf" },
            { key: "ecr-login.sh", path: "ecr-login.sh", mode: 0o555 },
            { key: "gitignore", path: "gitignore" },
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

  it("lets its git commit a file that is there, and never add one: what was removed stays away", async () => {
    const made = await record(program);
    const data = inputsOf(made, "kubernetes:core/v1:ConfigMap", configMap)["data"] as Record<
      string,
      string
    >;
    const [container] = podOf(made).containers;
    const mounted = mkdtempSync(join(tmpdir(), "idp-image-updater-"));
    try {
      for (const [name, text] of Object.entries(data)) writeFileSync(join(mounted, name), text);
      const env = Object.fromEntries(
        (container?.env ?? []).map(({ name, value }) => [
          name,
          value.replace("/app/config/", `${mounted}/`),
        ]),
      );
      const folder = join(mounted, "clone/argocd/applications/dev");
      mkdirSync(folder, { recursive: true });
      const [kept, removed] = [join(folder, "kept.yaml"), join(folder, "removed.yaml")];
      // As Image Updater calls it.
      const git = (...words: string[]) =>
        execa("git", ["-c", "user.name=a", "-c", "user.email=a@idp.invalid", ...words], {
          cwd: join(mounted, "clone"),
          env: { ...env, HOME: "/dev/null" },
          reject: false,
        });
      await git("init", "--quiet");
      writeFileSync(kept, "image: {}\n");
      await git("add", "--force", kept);
      await git("commit", "--quiet", "--message", "Add kept");

      writeFileSync(removed, "# auto generated by argocd image updater\n");
      const added = await git("add", removed);
      expect([added.exitCode, added.stderr.split("\n")[0]]).to.deep.equal([
        1,
        "The following paths are ignored by one of your .gitignore files:",
      ]);
      writeFileSync(kept, "image: { tag: sha-0000001 }\n");
      await git("commit", "--quiet", "-a", "--message", "Deploy");
      const { stdout } = await git("show", "--format=", "--name-status", "HEAD");
      expect(stdout).to.equal("M\targocd/applications/dev/kept.yaml");
    } finally {
      rmSync(mounted, { recursive: true });
    }
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
