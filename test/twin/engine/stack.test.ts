import { expect } from "chai";
import { changesIn, diagnosticsIn, isUnchanged, progressOf } from "../../../twin/engine/stack.ts";

describe("the engine's output", () => {
  it("is shown if a resource is done or has a message", () => {
    const shown = [
      " +  aws:kms:Key idp-registry-images created (0.07s) ",
      " ~  kubernetes:argoproj.io/v1alpha1:AppProject services-project updated (1s) [diff: ~spec]; ",
      " -  aws:ec2:Vpc idp-network deleted (0.1s)",
      "    aws:eks:Cluster idp-cluster **creating failed** error: it is taken",
    ];
    expect(shown.map((line) => progressOf(line)?.split(" ").slice(0, 2).join(" "))).to.deep.equal([
      "aws:kms:Key idp-registry-images",
      "kubernetes:argoproj.io/v1alpha1:AppProject services-project",
      "aws:ec2:Vpc idp-network",
      "aws:eks:Cluster idp-cluster",
    ]);
  });

  it("is not shown if it is a beginning, a heading or a repetition", () => {
    const hidden = [
      "",
      "Updating (dev):",
      "@ updating.....",
      " +  aws:kms:Key idp-registry-images creating (0s) ",
      " +  pulumi:pulumi:Stack idp-dev created (76s) 2 warnings",
      "Resources:",
      "    + 59 created",
      "Duration: 19s",
    ];
    expect(hidden.map(progressOf)).to.deep.equal(hidden.map(() => undefined));
  });

  it("contains the counts of changes", () => {
    const lines = [
      "Resources:",
      "    + 59 created",
      "    ~ 1 updated",
      "    4 unchanged",
      "",
      "Duration: 19s",
    ];
    expect(changesIn(lines)).to.deep.equal({ created: 59, updated: 1, unchanged: 4 });
    expect(changesIn(["error: no"])).to.deep.equal({});
  });

  it("counts as unchanged only if nothing changed", () => {
    expect(isUnchanged({ unchanged: 169 })).to.equal(true);
    expect(isUnchanged({ unchanged: 168, updated: 1 })).to.equal(false);
  });

  it("is reduced to its diagnostics, without the offer at their end", () => {
    const lines = [
      "Updating (dev):",
      "Diagnostics:",
      "  pulumi:pulumi:Stack (idp-dev):",
      "    error: it is taken",
      "    [Pulumi Neo] Would you like help with these diagnostics?",
      "    ?explainFailure",
      "Resources:",
      "    2 errored",
    ];
    expect(diagnosticsIn(lines)).to.deep.equal([
      "  pulumi:pulumi:Stack (idp-dev):",
      "    error: it is taken",
    ]);
    const refused = [
      "Policies:",
      "    ❌ idp@v0.1.0 (local: policy)",
      "        - [mandatory]  prod-applications-sync-manually  (kubernetes:argoproj.io/v1alpha1:ApplicationSet: services)",
    ];
    expect(
      diagnosticsIn(["Updating (prod):", ...refused, "Resources:", "    1 unchanged"]),
    ).to.deep.equal(refused.slice(1));
    const passed = ["Policies:", "    ✅ idp@v0.1.0 (local: policy)", ...lines.slice(1)];
    expect(diagnosticsIn(passed)).to.deep.equal(diagnosticsIn(lines));
    expect(diagnosticsIn(["error: stack is locked"])).to.deep.equal(["error: stack is locked"]);
  });
});
