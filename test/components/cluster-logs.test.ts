import { expect } from "chai";
import { ClusterLogs } from "../../components/cluster-logs.ts";
import { inputsOf, names, record } from "../support/record.ts";

describe("ClusterLogs", () => {
  it("makes the group that EKS writes to, and keeps the logs as long as asked", async () => {
    const made = await record(() => {
      new ClusterLogs("idp-cluster", { clusterName: "idp-test", retentionDays: 365 });
    });
    expect(names(made)).to.deep.equal([
      "aws:cloudwatch/logGroup:LogGroup idp-cluster-control-plane",
      "idp:platform:ClusterLogs idp-cluster",
    ]);
    expect(
      inputsOf(made, "aws:cloudwatch/logGroup:LogGroup", "idp-cluster-control-plane"),
    ).to.deep.equal({ name: "/aws/eks/idp-test/cluster", retentionInDays: 365 });
  });
});
