import { expect } from "chai";
import { outdatedLines } from "../../cli/outdated.ts";
import { parseStackFile } from "../../config/stack-files.ts";
import { comparePins } from "../../github/releases.ts";
import type { Ask } from "../../lib/ask.ts";

const updated = `idp:images: { strategy: newest-build, imageUpdater: { version: 1.3.0, manifestSha256: "${"ab".repeat(32)}", intervalSeconds: 60 } }`;
const stack = (environment: "dev" | "prod", argoCd: string, kubernetes: string) =>
  parseStackFile(
    environment,
    `config:
  idp:argoCd: { version: ${argoCd} }
  idp:cluster: { version: "${kubernetes}" }
  ${environment === "dev" ? updated : ""}
`,
  );
const stacks = [stack("dev", "3.6.1", "1.36"), stack("prod", "3.6.0", "1.36")];

const release = (tag: string, more = {}) => ({
  tag_name: tag,
  draft: false,
  prerelease: false,
  ...more,
});

/** GitHub with these releases; a text is its refusal. */
function github(change: Readonly<Record<string, readonly object[] | string>> = {}): Ask {
  const all: Readonly<Record<string, readonly object[] | string>> = {
    // A patch of an older line is the latest, and what is not finished is no release.
    "argoproj/argo-cd": [
      release("v3.5.9"),
      release("v3.10.0-rc1", { prerelease: true }),
      release("v3.9.0", { draft: true }),
      release("v3.6.1"),
      release("v3.6.0"),
    ],
    "argoproj-labs/argocd-image-updater": [release("v1.3.0"), release("stable")],
    "aws/eks-distro": [
      release("v1-36-eks-9"),
      release("v1-9-eks-40"),
      release("v1-37-eks-3"),
      release("v1-38-eks-latest"),
    ],
    "pulumi/pulumi": [release("v3.274.1"), release("sdk/v3.300.0"), release("v3.99.0")],
    ...change,
  };
  return (program, args) => {
    expect(program).to.equal("gh");
    const path = /^repos\/(.*)\/releases\?per_page=100$/.exec(args[1] ?? "")?.[1] ?? "";
    const answer = all[path];
    return Promise.resolve(
      answer === undefined || typeof answer === "string"
        ? { kind: "refused", message: answer ?? "gh: Not Found (HTTP 404)" }
        : { kind: "said", text: JSON.stringify(answer) },
    );
  };
}

const lines = async (ask: Ask) => outdatedLines(await comparePins(ask, stacks, "3.274.1"));

describe("idp outdated", () => {
  it("shows every pin beside the newest release of its kind, and what to do", async () => {
    expect(await lines(github())).to.deep.equal([
      "WHAT               PINNED   NEWEST   WHERE      NEXT",
      "Argo CD            3.6.1    3.6.1    dev",
      "Argo CD            3.6.0    3.6.1    prod       docs/runbooks/argocd-upgrade.md",
      "Image Updater      1.3.0    1.3.0    dev",
      "Kubernetes on EKS  1.36     1.37     dev, prod  docs/runbooks/cluster-upgrade.md",
      "Pulumi             3.274.1  3.274.1  workflows",
      "",
      "2 of 5 to look at",
    ]);
  });

  it("counts numbers, not letters, and calls nothing outdated that is ahead", async () => {
    const ahead = github({
      "argoproj/argo-cd": [release("v3.5.0")],
      "aws/eks-distro": [release("v1-9-eks-1")],
      "pulumi/pulumi": [release("v3.274.0")],
    });
    expect((await lines(ahead)).at(-1)).to.equal("all are the newest");
    const next = github({ "pulumi/pulumi": [release("v3.1000.0")] });
    expect((await lines(next)).join("\n")).to.include(
      "3.1000.0  workflows  CONTRIBUTING.md#a-tool",
    );
  });

  it("says why GitHub does not say", async () => {
    const found = await lines(
      github({
        "argoproj/argo-cd": "API rate limit exceeded",
        "pulumi/pulumi": [],
        "aws/eks-distro": [{ tag: "v1-37-eks-3" }],
        "argoproj-labs/argocd-image-updater": "gh: Not Found (HTTP 404)",
      }),
    );
    const text = found.join("\n");
    expect(text.match(/\? {2,}/g)).to.have.length(5);
    expect(text).to.include("API rate limit exceeded");
    expect(text).to.include("pulumi/pulumi has no release of this kind");
    expect(text).to.include("there is no argoproj-labs/argocd-image-updater");
    expect(text).to.include("answers something else: 0.tag_name");
    expect(found.at(-1)).to.equal("5 of 5 to look at");
  });
});
