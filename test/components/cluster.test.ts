import { expect } from "chai";
import { Cluster, withoutCreator, type ClusterArgs } from "../../components/cluster.ts";
import { ClusterLogs } from "../../components/cluster-logs.ts";
import { Network } from "../../components/network.ts";
import { inputsOf, names, record, type Registered } from "../support/record.ts";

const token = "idp:platform:Cluster";

function make(change: Partial<ClusterArgs> = {}, preview = false): Promise<Registered[]> {
  return record(
    () => {
      const { vpcId, privateSubnetIds } = new Network("idp-network", {
        accountId: "123456789012",
        region: "us-west-2",
        cidr: "10.10.0.0/16",
        zones: ["us-west-2a", "us-west-2b", "us-west-2c"],
        natGateways: "Single",
        flowLogRetentionDays: 14,
      });
      new Cluster("idp-cluster", {
        clusterName: "idp-test",
        version: "1.36",
        region: "us-west-2",
        vpcId,
        privateSubnetIds,
        publicAccessCidrs: [],
        deletionProtection: true,
        logs: new ClusterLogs("idp-cluster", { clusterName: "idp-test", retentionDays: 365 }),
        access: [],
        ...change,
      });
    },
    { preview },
  );
}

const own = (made: readonly Registered[]) =>
  made.filter(({ type, urn }) => type === token || urn.includes(`${token}$`));

describe("Cluster", () => {
  for (const preview of [false, true]) {
    it(`makes a cluster, its key and a provider${preview ? " in a preview" : ""}`, async () => {
      const made = own(await make({}, preview));
      expect(names(made)).to.deep.equal([
        "aws:kms/alias:Alias idp-cluster-secrets",
        "aws:kms/key:Key idp-cluster-secrets",
        "eks:index:Cluster idp-cluster",
        "idp:platform:Cluster idp-cluster",
        "pulumi:providers:kubernetes idp-cluster",
      ]);
      for (const { type, urn } of made) {
        if (type !== token) expect(urn).to.include(`${token}$`);
      }
    });
  }

  it("sets explicitly what AWS or EKS would otherwise choose more openly", async () => {
    expect(inputsOf(await make(), "eks:index:Cluster", "idp-cluster")).to.deep.equal({
      name: "idp-test",
      version: "1.36",
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-private-a", "subnet-private-b", "subnet-private-c"],
      authenticationMode: "API",
      // The values beside `enabled` are defaults that the eks SDK fills in.
      autoMode: {
        enabled: true,
        createNodeRole: true,
        computeConfig: { nodePools: ["system"] },
      },
      skipDefaultNodeGroup: true,
      corednsAddonOptions: {
        enabled: false,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      encryptionConfigKeyArn: "arn:aws:kms:us-west-2:123456789012:key/idp-cluster-secrets",
      deletionProtection: true,
      upgradePolicy: { supportType: "STANDARD" },
      providerCredentialOpts: {},
      accessEntries: {},
    });
  });

  // The engine runs the transform for the component's child, which no test without an engine has.
  it("keeps its creator out, whatever the component says, and changes nothing else", () => {
    const props = {
      name: "idp",
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
    };
    const args = { name: "idp", custom: true, props, opts: { protect: true } };
    expect(withoutCreator({ ...args, type: "aws:eks/cluster:Cluster" })).to.deep.equal({
      props: {
        name: "idp",
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      },
      opts: { protect: true },
    });
    expect(withoutCreator({ ...args, type: "aws:eks/addon:Addon" })).to.equal(undefined);
  });

  it("opens the endpoint to the networks that are named", async () => {
    const inputs = inputsOf(
      await make({ publicAccessCidrs: ["198.51.100.0/24"] }),
      "eks:index:Cluster",
      "idp-cluster",
    );
    expect(inputs).to.deep.include({
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ["198.51.100.0/24"],
    });
  });

  it("gives each principal its level, in its namespaces if it has any", async () => {
    const made = await make({
      access: [
        { name: "operators", principalArn: "arn:operators", level: "cluster-admin" },
        { name: "audit", principalArn: "arn:audit", level: "admin-view" },
        { name: "team", principalArn: "arn:team", level: "view", namespaces: ["time-service"] },
      ],
    });
    const policy = (name: string) => `arn:aws:eks::aws:cluster-access-policy/${name}`;
    expect(inputsOf(made, "eks:index:Cluster", "idp-cluster")["accessEntries"]).to.deep.equal({
      operators: {
        principalArn: "arn:operators",
        accessPolicies: {
          "cluster-admin": {
            policyArn: policy("AmazonEKSClusterAdminPolicy"),
            accessScope: { type: "cluster" },
          },
        },
      },
      audit: {
        principalArn: "arn:audit",
        accessPolicies: {
          "admin-view": {
            policyArn: policy("AmazonEKSAdminViewPolicy"),
            accessScope: { type: "cluster" },
          },
        },
      },
      team: {
        principalArn: "arn:team",
        accessPolicies: {
          view: {
            policyArn: policy("AmazonEKSViewPolicy"),
            accessScope: { type: "namespace", namespaces: ["time-service"] },
          },
        },
      },
    });
  });

  it("rotates the key", async () => {
    const made = await make();
    expect(inputsOf(made, "aws:kms/key:Key", "idp-cluster-secrets")).to.include({
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    });
  });

  it("keeps the provider's kubeconfig secret, and gets a token for each use with the given profile", async () => {
    const { kubeconfig } = inputsOf(
      await make({ profile: "platform-prod" }),
      "pulumi:providers:kubernetes",
      "idp-cluster",
    );
    const secret = kubeconfig as { value: string } & Record<string, unknown>;
    expect(Object.values(secret)).to.include("1b47061264138c4ac30d75fd1eb44270");
    const { users } = JSON.parse(secret.value) as { users: { user: { exec: object } }[] };
    expect(users.map(({ user }) => user.exec)).to.deep.equal([
      {
        apiVersion: "client.authentication.k8s.io/v1beta1",
        command: "aws",
        args: "--region us-west-2 eks get-token --cluster-name idp-test --output json".split(" "),
        env: [{ name: "AWS_PROFILE", value: "platform-prod" }],
        interactiveMode: "Never",
      },
    ]);
  });
});
