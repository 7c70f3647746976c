import { expect } from "chai";
import { Cluster } from "../../components/cluster.ts";
import { ClusterLogs } from "../../components/cluster-logs.ts";
import { Nodes, type NodesArgs } from "../../components/nodes.ts";
import { inputsOf, names, record, type Registered } from "../support/record.ts";

const nodeClass = "kubernetes:eks.amazonaws.com/v1:NodeClass";
const nodePool = "kubernetes:karpenter.sh/v1:NodePool";

async function make(change: Partial<NodesArgs> = {}, preview = false): Promise<Registered[]> {
  const made = await record(
    () => {
      const privateSubnetIds = ["subnet-a", "subnet-b", "subnet-c"];
      const cluster = new Cluster("idp-cluster", {
        clusterName: "idp-test",
        version: "1.36",
        region: "us-west-2",
        vpcId: "vpc-1",
        privateSubnetIds,
        publicAccessCidrs: [],
        deletionProtection: true,
        logs: new ClusterLogs("idp-cluster", { clusterName: "idp-test", retentionDays: 365 }),
        access: [],
      });
      const tags = { "idp:environment": "test" };
      new Nodes("idp-nodes", { cluster, privateSubnetIds, maxVcpu: 16, tags, ...change });
    },
    { preview },
  );
  return made.filter(({ name }) => name.startsWith("idp-nodes"));
}

const specOf = (made: readonly Registered[], type: string, name: string) =>
  inputsOf(made, type, name)["spec"];

describe("Nodes", () => {
  for (const preview of [false, true]) {
    it(`is a class, a pool, and the right to tag${preview ? ", in a preview, too" : ""}`, async () => {
      const made = await make({}, preview);
      expect(names(made)).to.deep.equal([
        "aws:iam/rolePolicy:RolePolicy idp-nodes-tags",
        "idp:platform:Nodes idp-nodes",
        `${nodeClass} idp-nodes-class`,
        `${nodePool} idp-nodes-pool`,
      ]);
      for (const { type, urn } of made) {
        if (type !== "idp:platform:Nodes") expect(urn).to.include("idp:platform:Nodes$");
      }
    });
  }

  it("keeps nodes in the private subnets, without a public address, in the cluster's group", async () => {
    const made = await make();
    expect(inputsOf(made, nodeClass, "idp-nodes-class")["metadata"]).to.include({
      name: "platform",
    });
    expect(specOf(made, nodeClass, "idp-nodes-class")).to.deep.equal({
      role: "idp-cluster-nodeRole-role",
      subnetSelectorTerms: [{ id: "subnet-a" }, { id: "subnet-b" }, { id: "subnet-c" }],
      securityGroupSelectorTerms: [{ id: "sg-cluster" }],
      advancedNetworking: { associatePublicIPAddress: false },
      tags: { "idp:environment": "test" },
    });
  });

  it("has a ceiling, the longest life that EKS allows, and the instances of general-purpose", async () => {
    expect(specOf(await make(), nodePool, "idp-nodes-pool")).to.deep.equal({
      weight: 1,
      limits: { cpu: "16" },
      disruption: {
        consolidationPolicy: "WhenEmptyOrUnderutilized",
        consolidateAfter: "5m",
        budgets: [{ nodes: "10%" }],
      },
      template: {
        spec: {
          expireAfter: "480h",
          nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: "platform" },
          requirements: [
            { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
            { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
            { key: "eks.amazonaws.com/instance-category", operator: "In", values: ["c", "m", "r"] },
            { key: "eks.amazonaws.com/instance-generation", operator: "Gt", values: ["4"] },
          ],
        },
      },
    });
  });

  it("moves Pods in the maintenance window only", async () => {
    const made = await make({ maintenance: { days: ["wed"], startHour: 9, hours: 4 } });
    expect(specOf(made, nodePool, "idp-nodes-pool")).to.have.deep.nested.property(
      "disruption.budgets",
      [
        { nodes: "10%" },
        {
          nodes: "0",
          reasons: ["Drifted", "Underutilized"],
          schedule: "0 13 * * 3",
          duration: "164h",
        },
      ],
    );
  });

  it("lets EKS tag what is this cluster's", async () => {
    const { role, policy } = inputsOf(
      await make(),
      "aws:iam/rolePolicy:RolePolicy",
      "idp-nodes-tags",
    );
    expect(role).to.equal("idp-cluster-eksRole-role");
    expect(String(policy)).to.include('"aws:RequestTag/eks:eks-cluster-name":"idp-test"');
  });
});
