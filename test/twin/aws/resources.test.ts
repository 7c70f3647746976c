import { expect } from "chai";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AwsAccount } from "../../../twin/aws/account.ts";
import type { Host } from "../../../twin/aws/host.ts";
import { unknown, type Bag } from "../../../twin/aws/properties.ts";
import * as resources from "../../../twin/aws/resources.ts";
import { textOf } from "../../../twin/aws/spec.ts";
import { Store } from "../../../twin/aws/store.ts";

const account: AwsAccount = {
  id: "935743309409",
  region: "us-west-2",
  partition: "aws",
  caller: "arn:aws:iam::935743309409:role/Maker",
  defaultTags: { Owner: "platform" },
};
const vpcType = "aws:ec2/vpc:Vpc";
const subnetType = "aws:ec2/subnet:Subnet";
const roleType = "aws:iam/role:Role";
const clusterType = "aws:eks/cluster:Cluster";

function trust(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } }],
  });
}

describe("AWS double: resources", () => {
  let folder: string;
  let store: Store;
  let calls: unknown[] = [];
  let said: string[] = [];
  const host: Host = {
    controlPlanes: {
      ensure: (request, onProgress) => {
        calls.push(["ensure", request]);
        onProgress("half way");
        return Promise.resolve({
          endpoint: "https://127.0.0.1:1",
          certificateAuthority: "Q0E=",
        });
      },
      delete: (key) => {
        calls.push(["delete", key]);
        return Promise.resolve();
      },
    },
    log: (text) => said.push(text),
  };

  beforeEach(() => {
    calls = [];
    said = [];
    folder = mkdtempSync(join(tmpdir(), "aws-double-"));
    store = new Store(folder);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Check and create, as an engine does. */
  async function make(type: string, name: string, given: Bag, engine = "engine 1", who = account) {
    const urn = `urn:pulumi:dev::test::${type}::${name}`;
    const { inputs, failures } = resources.check(type, urn, given, undefined, who);
    expect(failures, JSON.stringify(failures)).to.deep.equal([]);
    return resources.create(type, inputs, who, store, { urn, engine }, host);
  }
  const makeVpc = (who = account) =>
    make(vpcType, "v", { cidrBlock: "10.0.0.0/16" }, "engine 1", who);

  /** Asserts that an asynchronous call is refused. */
  async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
    const outcome = await work.then(
      () => "accepted",
      (error: unknown) => String(error),
    );
    expect(outcome).to.match(message);
  }

  async function makeNetwork(
    who = account,
    zones = [`${who.region}a`, `${who.region}b`],
  ): Promise<{ vpcId: string; subnetIds: string[] }> {
    const vpc = await makeVpc(who);
    const subnets = await Promise.all(
      zones.map((availabilityZone, index) => {
        const given = { vpcId: vpc.id, cidrBlock: `10.0.${index}.0/24`, availabilityZone };
        return make(subnetType, `s-${availabilityZone}`, given, "engine 1", who);
      }),
    );
    return { vpcId: vpc.id, subnetIds: subnets.map(({ id }) => id) };
  }

  async function clusterInputs(who = account): Promise<Record<string, Bag[string]>> {
    const { subnetIds } = await makeNetwork(who);
    const assumeRolePolicy = trust("eks.amazonaws.com");
    const role = await make(roleType, "eks", { assumeRolePolicy }, "engine 1", who);
    return {
      name: "idp",
      version: "1.36",
      roleArn: role.outputs["arn"] ?? "",
      accessConfig: { authenticationMode: "API" },
      vpcConfig: { subnetIds },
    };
  }

  describe("check", () => {
    it("puts the default tags and the program's tags into tagsAll, and the program's win", () => {
      const { inputs } = resources.check(
        vpcType,
        "urn::v",
        { cidrBlock: "10.0.0.0/16", tags: { Name: "v", Owner: "me" } },
        undefined,
        account,
      );
      expect(inputs["tagsAll"]).to.deep.equal({ Owner: "me", Name: "v" });
    });

    it("generates a missing name, and keeps it", () => {
      const given = { assumeRolePolicy: trust("ec2.amazonaws.com") };
      const urn = "urn:pulumi:dev::test::aws:iam/role:Role::worker";
      const first = resources.check(roleType, urn, given, undefined, account).inputs;
      expect(first["name"]).to.match(/^worker-[0-9a-f]{7}$/);
      const second = resources.check(roleType, urn, given, first, account).inputs;
      expect(second).to.deep.equal(first);
    });

    it("does not check values that are not known yet", () => {
      const given = {
        name: "idp",
        roleArn: unknown,
        vpcConfig: unknown,
        computeConfig: unknown,
        tags: unknown,
      };
      expect(
        resources.check(clusterType, "urn::c", given, undefined, account).failures,
      ).to.deep.equal([]);
    });

    const refusals: readonly (readonly [string, string, Bag, string])[] = [
      ["a VPC without a range", vpcType, {}, "cidrBlock"],
      ["a range with host bits", vpcType, { cidrBlock: "10.0.0.1/16" }, "cidrBlock"],
      ["a range too large", vpcType, { cidrBlock: "10.0.0.0/8" }, "cidrBlock"],
      [
        "a tag that AWS reserves",
        vpcType,
        { cidrBlock: "10.0.0.0/16", tags: { "aws:x": "y" } },
        "tags",
      ],
      ["a trust policy that is not JSON", roleType, { assumeRolePolicy: "{" }, "assumeRolePolicy"],
      [
        "a trust policy with a resource",
        roleType,
        {
          assumeRolePolicy: {
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Action: "sts:AssumeRole", Principal: "*", Resource: "*" },
            ],
          },
        },
        "assumeRolePolicy",
      ],
      [
        "a NAT gateway without an address",
        "aws:ec2/natGateway:NatGateway",
        { subnetId: "subnet-1" },
        "allocationId",
      ],
      ["a repository in capitals", "aws:ecr/repository:Repository", { name: "IDP/Local" }, "name"],
      [
        "a retention that CloudWatch does not have",
        "aws:cloudwatch/logGroup:LogGroup",
        { retentionInDays: 15 },
        "retentionInDays",
      ],
      [
        "a lifecycle rule for tagged images without patterns",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {
          repository: "r",
          policy: {
            rules: [
              {
                rulePriority: 1,
                selection: { tagStatus: "tagged", countType: "imageCountMoreThan", countNumber: 1 },
                action: { type: "expire" },
              },
            ],
          },
        },
        "policy",
      ],
      [
        "a Kubernetes version that EKS does not have",
        clusterType,
        { roleArn: "arn:aws:iam::935743309409:role/x", vpcConfig: {}, version: "1.99" },
        "version",
      ],
      [
        "public ranges without a public endpoint",
        clusterType,
        {
          roleArn: "arn:aws:iam::935743309409:role/x",
          vpcConfig: {
            endpointPublicAccess: false,
            endpointPrivateAccess: true,
            publicAccessCidrs: ["10.0.0.0/8"],
          },
        },
        "vpcConfig.publicAccessCidrs",
      ],
      [
        "half of Auto Mode",
        clusterType,
        {
          roleArn: "arn:aws:iam::935743309409:role/x",
          vpcConfig: {},
          computeConfig: { enabled: true },
        },
        "computeConfig",
      ],
    ];
    for (const [what, type, given, property] of refusals) {
      it(`refuses ${what}`, () => {
        const { failures } = resources.check(type, "urn::x", given, undefined, account);
        expect(failures.map((failure) => failure.property)).to.deep.equal([property]);
      });
    }

    it("says where to add a type that it does not play", () => {
      expect(() => resources.check("aws:s3/bucket:Bucket", "urn", {}, undefined, account)).to.throw(
        /does not play the resource type aws:s3\/bucket:Bucket.*twin\/aws\/types\/s3\.ts/,
      );
    });
  });

  describe("create", () => {
    it("returns what AWS adds", async () => {
      const { id, outputs } = await makeVpc();
      expect(id).to.match(/^vpc-[0-9a-f]{17}$/);
      expect(outputs).to.include({
        arn: `arn:aws:ec2:us-west-2:935743309409:vpc/${id}`,
        ownerId: "935743309409",
        enableDnsSupport: true,
      });
    });

    it("refuses a subnet outside its VPC, and one that overlaps another", async () => {
      const { vpcId } = await makeNetwork();
      await refused(
        make(subnetType, "x", { vpcId, cidrBlock: "10.1.0.0/24" }),
        /InvalidSubnet\.Range.*10\.0\.0\.0\/16/,
      );
      await refused(
        make(subnetType, "x", { vpcId, cidrBlock: "10.0.1.128/25" }),
        /InvalidSubnet\.Conflict/,
      );
    });

    it("refuses a reference to nothing, and a reference into another account", async () => {
      await refused(
        make(subnetType, "x", { vpcId: "vpc-0", cidrBlock: "10.0.0.0/24" }),
        /InvalidVpcID\.NotFound.*vpc-0/,
      );
      const inputs = await clusterInputs();
      const foreign = textOf(inputs, "roleArn").replace(account.id, "100000000003");
      await refused(make(clusterType, "c", { ...inputs, roleArn: foreign }), /NoSuchEntity/);
    });

    it("refuses a name that is taken", async () => {
      const given = { name: "same", assumeRolePolicy: trust("ec2.amazonaws.com") };
      await make(roleType, "one", given);
      await refused(make(roleType, "two", given), /EntityAlreadyExists.*same/);
    });

    it("lets only one of two processes win a race for a name", async () => {
      const tries = await Promise.allSettled(
        ["one", "two", "three"].map((name) =>
          make("aws:cloudwatch/logGroup:LogGroup", name, { name: "/same" }),
        ),
      );
      expect(tries.map(({ status }) => status).sort()).to.deep.equal([
        "fulfilled",
        "rejected",
        "rejected",
      ]);
    });

    it("refuses a managed policy that AWS does not have", async () => {
      await make(roleType, "r", { name: "r", assumeRolePolicy: trust("ec2.amazonaws.com") });
      await refused(
        make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", {
          role: "r",
          policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolcy",
        }),
        /NoSuchEntity.*AmazonEKSClusterPolcy/,
      );
    });

    it("refuses a cluster in one zone, and a role that does not trust EKS", async () => {
      const inputs = await clusterInputs();
      const [first] = store.list(subnetType);
      await refused(
        make(clusterType, "c", { ...inputs, vpcConfig: { subnetIds: [first?.id ?? ""] } }),
        /at least two different AZs/,
      );
      const wrong = await make(roleType, "w", { assumeRolePolicy: trust("ec2.amazonaws.com") });
      await refused(
        make(clusterType, "c", { ...inputs, roleArn: wrong.outputs["arn"] ?? "" }),
        /does not trust eks\.amazonaws\.com/,
      );
    });

    it("refuses logs under a key that does not allow the logs service", async () => {
      const key = await make("aws:kms/key:Key", "k", {});
      await refused(
        make("aws:cloudwatch/logGroup:LogGroup", "l", {
          name: "/x",
          kmsKeyId: key.outputs["arn"] ?? "",
        }),
        /does not allow logs\.us-west-2\.amazonaws\.com/,
      );
    });

    it("refuses a key policy that locks the account out", async () => {
      const policy = JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "logs.us-west-2.amazonaws.com" },
            Action: "kms:*",
            Resource: "*",
          },
        ],
      });
      await refused(make("aws:kms/key:Key", "k", { policy }), /will not allow you to update/);
    });

    it("returns a resource whose answer was lost to the killed engine's successor", async () => {
      const first = await make(roleType, "r", { assumeRolePolicy: trust("ec2.amazonaws.com") });
      const again = await make(
        roleType,
        "r",
        { assumeRolePolicy: trust("ec2.amazonaws.com") },
        "engine 2",
      );
      expect(again.id).to.equal(first.id);
      expect(store.list(roleType)).to.have.length(1);
    });

    it("creates a second resource if the first one's answer arrived", async () => {
      const first = await makeVpc();
      resources.acknowledge(vpcType, first.id, store);
      const second = await make(vpcType, "v", { cidrBlock: "10.0.0.0/16" }, "engine 2");
      expect(second.id).not.to.equal(first.id);
    });

    it("does not delete, in a forced replacement, the resource that it returned as the new one", async () => {
      const first = await makeVpc();
      const same = await make(vpcType, "v", { cidrBlock: "10.0.0.0/16" }, "engine 2");
      await resources.remove(vpcType, first.id, account, store, "engine 2", host);
      expect(store.read(vpcType, same.id)).not.to.equal(undefined);
      await resources.remove(vpcType, first.id, account, store, "engine 3", host);
      expect(store.read(vpcType, same.id)).to.equal(undefined);
    });
  });

  describe("a runner's project", () => {
    const connection = "arn:aws:codeconnections:us-west-2:935743309409:connection/0b1c2d3e";

    async function projectInputs(
      service = "codebuild.amazonaws.com",
    ): Promise<Record<string, Bag[string]>> {
      const { vpcId, subnetIds } = await makeNetwork();
      const role = await make(roleType, "runner", { assumeRolePolicy: trust(service) });
      const group = await make("aws:ec2/securityGroup:SecurityGroup", "runner", { vpcId });
      return {
        name: "idp-dev-runner",
        serviceRole: role.outputs["arn"] ?? "",
        artifacts: { type: "NO_ARTIFACTS" },
        environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_MEDIUM", image: "i" },
        source: {
          type: "GITHUB",
          location: "https://github.com/acme/idp.git",
          auth: { type: "CODECONNECTIONS", resource: connection },
        },
        vpcConfig: { vpcId, subnets: subnetIds, securityGroupIds: [group.id] },
      };
    }
    const project = "aws:codebuild/project:Project";
    const webhook = "aws:codebuild/webhook:Webhook";

    it("is made with its webhook, once", async () => {
      const { id } = await make(project, "p", await projectInputs());
      await make(webhook, "w", { projectName: id });
      await refused(make(webhook, "again", { projectName: id }), /ResourceAlreadyExistsException/);
    });

    it("wants a role that lets CodeBuild in, and a network that is there", async () => {
      await refused(
        make(project, "p", await projectInputs("ec2.amazonaws.com")),
        /does not trust codebuild/,
      );
      const there = await projectInputs();
      const vpcConfig = { vpcId: "vpc-1", subnets: ["subnet-1"], securityGroupIds: ["sg-1"] };
      await refused(make(project, "p", { ...there, vpcConfig }), /vpc-1|subnet-1|sg-1/);
    });

    it("has no webhook without a source on GitHub", async () => {
      const { id } = await make(project, "p", {
        ...(await projectInputs()),
        source: { type: "NO_SOURCE" },
      });
      await refused(make(webhook, "w", { projectName: id }), /no source on GitHub/);
    });

    const wrong: readonly (readonly [string, string, Bag[string]])[] = [
      ["a source over SSH", "source", { type: "GITHUB", location: "git@github.com:acme/idp.git" }],
      ["a build longer than 36 hours", "buildTimeout", 2161],
      [
        "an unknown size",
        "environment",
        { type: "LINUX_CONTAINER", computeType: "HUGE", image: "i" },
      ],
    ];
    for (const [what, path, value] of wrong) {
      it(`refuses ${what}`, async () => {
        const inputs = { ...(await projectInputs()), [path]: value };
        const urn = `urn:pulumi:dev::test::${project}::p`;
        const { failures } = resources.check(project, urn, inputs, undefined, account);
        expect(failures).to.have.length(1);
      });
    }

    it("keeps its security group and subnets from being deleted", async () => {
      const inputs = await projectInputs();
      await make(project, "p", inputs);
      const { vpcConfig } = inputs;
      const [group = ""] = JSON.stringify(vpcConfig).match(/sg-[0-9a-f]+/) ?? [];
      await refused(
        resources.remove(
          "aws:ec2/securityGroup:SecurityGroup",
          group,
          account,
          store,
          "engine 1",
          host,
        ),
        /DependencyViolation/,
      );
    });
  });

  describe("a rule of a security group", () => {
    const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const rule = { securityGroupId: "sg-1", ipProtocol: "tcp", fromPort: 443, toPort: 443 };
    const failuresOf = (given: Bag) =>
      resources.check(type, `urn:pulumi:dev::test::${type}::r`, given, undefined, account).failures;

    it("names one peer, and ports", () => {
      expect(failuresOf({ ...rule, cidrIpv4: "10.0.0.0/8" })).to.deep.equal([]);
      expect(failuresOf(rule)).to.have.length(1);
      expect(
        failuresOf({ ...rule, cidrIpv4: "10.0.0.0/8", referencedSecurityGroupId: "sg-2" }),
      ).to.have.length(1);
      expect(failuresOf({ ...rule, cidrIpv4: "10.0.0.0/8", toPort: 65536 })).to.have.length(1);
    });
  });

  describe("cluster", () => {
    it("has every output that the component reads", async () => {
      const { outputs } = await make(clusterType, "c", await clusterInputs());
      expect(outputs["arn"]).to.equal("arn:aws:eks:us-west-2:935743309409:cluster/idp");
      expect(outputs["status"]).to.equal("ACTIVE");
      expect(outputs["endpoint"]).to.equal("https://127.0.0.1:1");
      expect(outputs).to.have.nested.property("certificateAuthority.data", "Q0E=");
      expect(outputs).to.have.nested.property("vpcConfig.clusterSecurityGroupId");
      expect(outputs)
        .to.have.nested.property("identities[0].oidcs[0].issuer")
        .that.matches(/^https:\/\/oidc\.eks\.us-west-2\.amazonaws\.com\/id\/[0-9A-F]{32}$/);
    });

    it("starts a control plane in its subnets' zones, reports progress, and stops it", async () => {
      await make(clusterType, "c", await clusterInputs());
      const key = { accountId: "935743309409", name: "idp" };
      const started = [
        "ensure",
        {
          ...key,
          version: "1.36",
          region: "us-west-2",
          availabilityZones: ["us-west-2a", "us-west-2b"],
        },
      ];
      expect(calls).to.deep.equal([started]);
      expect(said).to.deep.equal([
        "starting etcd and the API server",
        "half way (0 s)",
        "control plane ready after 0 s",
      ]);
      await resources.remove(clusterType, "idp", account, store, "engine 1", host);
      expect(calls).to.deep.equal([started, ["delete", key]]);
    });

    const remove = (type: string, id: string) =>
      resources.remove(type, id, account, store, "engine 1", host);
    const ids = (type: string) => store.list(type).map(({ id }) => id);
    const logGroupType = "aws:cloudwatch/logGroup:LogGroup";
    const entryType = "aws:eks/accessEntry:AccessEntry";
    const associationType = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
    const profileType = "aws:iam/instanceProfile:InstanceProfile";

    for (const [title, flag] of [
      ["by default", undefined],
      ["when told to", true],
    ] as const) {
      it(`lets its creator in ${title}, and takes no second entry for it`, async () => {
        const inputs = await clusterInputs();
        const accessConfig = {
          authenticationMode: "API",
          ...(flag !== undefined && { bootstrapClusterCreatorAdminPermissions: flag }),
        };
        await make(clusterType, "c", { ...inputs, accessConfig });
        const creator = `idp:${account.caller}`;
        expect(ids(entryType)).to.deep.equal([creator]);
        expect(store.list(associationType).map((record) => record.inputs)).to.deep.equal([
          {
            clusterName: "idp",
            principalArn: account.caller,
            policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            accessScope: { type: "cluster" },
          },
        ]);
        await refused(
          make(entryType, "provision", { clusterName: "idp", principalArn: account.caller }),
          /ResourceInUseException: The specified access entry resource is already in use on this cluster\.$/,
        );
        // Taken away by hand, an update does not bring it back; the cluster's end takes all of it along.
        await remove(entryType, creator);
        await resources.update(
          clusterType,
          "idp",
          { ...inputs, accessConfig },
          account,
          store,
          host,
        );
        expect(ids(entryType)).to.deep.equal([]);
        await remove(clusterType, "idp");
        expect(ids(associationType)).to.deep.equal([]);
      });
    }

    it("keeps its creator out when told to", async () => {
      const accessConfig = {
        authenticationMode: "API",
        bootstrapClusterCreatorAdminPermissions: false,
      };
      await make(clusterType, "c", { ...(await clusterInputs()), accessConfig });
      expect([ids(entryType), ids(associationType)]).to.deep.equal([[], []]);
      await make(entryType, "provision", { clusterName: "idp", principalArn: account.caller });
    });

    it("writes to its log group after its end: the group is there again once, and in a new one's way", async () => {
      const inputs = { ...(await clusterInputs()), enabledClusterLogTypes: ["api"] };
      const group = { name: "/aws/eks/idp/cluster", retentionInDays: 14 };
      await make(logGroupType, "logs", group);
      await make(clusterType, "c", inputs);
      await remove(clusterType, "idp");
      expect(store.read(logGroupType, group.name)?.inputs).to.deep.include(group);
      await remove(logGroupType, group.name);
      expect(store.read(logGroupType, group.name)?.inputs).to.deep.equal({ name: group.name });
      await refused(
        make(logGroupType, "logs", group, "engine 2"),
        /ResourceAlreadyExistsException/,
      );
      await remove(logGroupType, group.name);
      expect(ids(logGroupType)).to.deep.equal([]);
    });

    it("leaves Auto Mode's instance profile, without the role, and a later one puts its role in", async () => {
      const plain = await clusterInputs();
      const nodeRole = (name: string) =>
        make(roleType, name, { name, assumeRolePolicy: trust("ec2.amazonaws.com") });
      const auto = (roleArn: Bag[string]) => ({
        ...plain,
        bootstrapSelfManagedAddons: false,
        computeConfig: { enabled: true, nodeRoleArn: roleArn, nodePools: ["system"] },
        storageConfig: { blockStorage: { enabled: true } },
        kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
      });
      const profiles = () => store.list(profileType).map(({ inputs }) => inputs["role"]);
      const first = await nodeRole("first");
      await make(clusterType, "c", auto(first.outputs["arn"] ?? ""));
      expect(ids(profileType).join()).to.match(/^eks-us-west-2-idp-[0-9a-f]+$/);
      expect(profiles()).to.deep.equal(["first"]);
      await remove(clusterType, "idp");
      await remove(roleType, "first");
      expect(profiles()).to.deep.equal([undefined]);
      const second = await nodeRole("second");
      await make(clusterType, "c", auto(second.outputs["arn"] ?? ""), "engine 2");
      expect(profiles()).to.deep.equal(["second"]);
    });

    it("creates its log group if logging is on, and leaves it behind", async () => {
      const inputs = { ...(await clusterInputs()), enabledClusterLogTypes: ["api"] };
      await make(clusterType, "c", inputs);
      await resources.remove(clusterType, "idp", account, store, "engine 1", host);
      expect(store.list("aws:cloudwatch/logGroup:LogGroup").map(({ id }) => id)).to.deep.equal([
        "/aws/eks/idp/cluster",
      ]);
    });

    for (const [region, zone, others] of [
      ["us-east-1", "us-east-1c", "us-east-1a, us-east-1b, us-east-1d, us-east-1e, us-east-1f"],
      ["us-west-1", "us-west-1b", "us-west-1a, us-west-1c"],
      ["ca-central-1", "ca-central-1c", "ca-central-1a, ca-central-1b, ca-central-1d"],
    ] as const) {
      it(`has no subnet in ${zone}, where EKS has no room`, async () => {
        const there = { ...account, region };
        const { subnetIds } = await makeNetwork(there, [`${region}a`, zone]);
        const inputs = { ...(await clusterInputs(there)), vpcConfig: { subnetIds } };
        await refused(
          make(clusterType, "c", inputs, "engine 1", there),
          new RegExp(
            `UnsupportedAvailabilityZoneException.*'idp' because ${zone}, .* availability zones: ${others}$`,
          ),
        );
        expect(ids(clusterType)).to.deep.equal([]);
      });
    }

    it("is upgraded one minor version at a time", async () => {
      const inputs = { ...(await clusterInputs()), version: "1.33" };
      await make(clusterType, "c", inputs);
      const update = (version: string) =>
        resources.update(clusterType, "idp", { ...inputs, version }, account, store, host);
      await refused(update("1.35"), /one minor version at a time/);
      await refused(update("1.32"), /one minor version at a time/);
      expect((await update("1.34")).outputs["version"]).to.equal("1.34");
    });

    it("cannot be deleted while deletion protection is on", async () => {
      const inputs = { ...(await clusterInputs()), deletionProtection: true };
      await make(clusterType, "c", inputs);
      const remove = () => resources.remove(clusterType, "idp", account, store, "engine 1", host);
      await refused(remove(), /deletion protection is enabled/);
      await resources.update(
        clusterType,
        "idp",
        { ...inputs, deletionProtection: false },
        account,
        store,
        host,
      );
      await remove();
      expect(store.list(clusterType)).to.deep.equal([]);
    });
  });

  describe("diff", () => {
    const base = { cidrBlock: "10.0.0.0/16", tags: { Name: "v" } };

    it("finds no change if only the order of keys differs", () => {
      const { changed } = resources.diff(
        vpcType,
        { cidrBlock: "10.0.0.0/16", tags: { a: "1", b: "2" } },
        { tags: { b: "2", a: "1" }, cidrBlock: "10.0.0.0/16", __defaults: [] },
        [],
      );
      expect([...changed]).to.deep.equal([]);
    });

    it("updates what AWS can change in place, and replaces the resource otherwise", () => {
      const tags = resources.diff(vpcType, base, { ...base, tags: { Name: "w" } }, []);
      expect([...tags.changed.keys()], "tags").to.deep.equal(["tags"]);
      expect(tags.replaces).to.deep.equal([]);
      const range = resources.diff(vpcType, base, { ...base, cidrBlock: "10.1.0.0/16" }, []);
      expect(range.replaces).to.deep.equal(["cidrBlock"]);
      expect(range.deleteBeforeReplace).to.equal(false);
    });

    it("deletes first if the new resource has the old one's name", () => {
      const old = { name: "idp", roleArn: "a" };
      expect(
        resources.diff(clusterType, old, { name: "idp", roleArn: "b" }, []).deleteBeforeReplace,
      ).to.equal(true);
    });

    it("ignores the properties in ignoreChanges", () => {
      const { changed } = resources.diff(
        clusterType,
        {
          name: "idp",
          accessConfig: { authenticationMode: "API" },
          bootstrapSelfManagedAddons: true,
        },
        {
          name: "idp",
          accessConfig: {
            authenticationMode: "API",
            bootstrapClusterCreatorAdminPermissions: true,
          },
          bootstrapSelfManagedAddons: false,
        },
        ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
      );
      expect([...changed.keys()]).to.deep.equal([]);
    });
  });

  describe("read", () => {
    it("returns what somebody edited by hand", async () => {
      const { id } = await makeVpc();
      const record = store.read(vpcType, id);
      if (record === undefined) throw new Error("no record");
      store.update({ ...record, inputs: { ...record.inputs, enableDnsHostnames: true } });
      const found = resources.read(
        vpcType,
        id,
        { cidrBlock: "10.0.0.0/16", __defaults: [] },
        store,
      );
      expect(found?.inputs).to.include({ enableDnsHostnames: true });
      expect(found?.outputs["enableDnsHostnames"]).to.equal(true);
    });

    it("returns nothing for a deleted resource", async () => {
      const { id } = await makeVpc();
      store.delete(vpcType, id);
      expect(resources.read(vpcType, id, {}, store)).to.equal(undefined);
    });

    it("names the file that an edit has broken", async () => {
      const { id } = await makeVpc();
      const file = join(folder, "ec2/vpc", `${id}.json`);
      writeFileSync(file, "{");
      expect(() => resources.read(vpcType, id, {}, store)).to.throw(`${file} is not JSON`);
      writeFileSync(file, "{}");
      expect(() => resources.read(vpcType, id, {}, store)).to.throw(/is not a record/);
    });
  });

  describe("delete", () => {
    it("refuses while other resources use it, and names them", async () => {
      const { vpcId, subnetIds } = await makeNetwork();
      await refused(
        resources.remove(vpcType, vpcId, account, store, "e", host),
        new RegExp(`DependencyViolation.*Subnet ${subnetIds[0] ?? ""}`),
      );
      for (const id of subnetIds) await resources.remove(subnetType, id, account, store, "e", host);
      await resources.remove(vpcType, vpcId, account, store, "e", host);
      expect(store.list(vpcType)).to.deep.equal([]);
    });

    it("refuses a role with an attachment", async () => {
      await make(roleType, "r", { name: "r", assumeRolePolicy: trust("ec2.amazonaws.com") });
      await make("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "a", {
        role: "r",
        policyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
      });
      await refused(resources.remove(roleType, "r", account, store, "e", host), /DeleteConflict/);
    });

    it("accepts a resource that no longer exists", async () => {
      await resources.remove(vpcType, "vpc-0", account, store, "e", host);
    });

    it("frees unique keys", async () => {
      const { vpcId } = await makeNetwork();
      const gateway = "aws:ec2/internetGateway:InternetGateway";
      const first = await make(gateway, "one", { vpcId });
      await refused(make(gateway, "two", { vpcId }), /Resource\.AlreadyAssociated/);
      await resources.remove(gateway, first.id, account, store, "e", host);
      expect(readdirSync(join(folder, "ec2/internetGateway/.unique"))).to.deep.equal([]);
      await make(gateway, "two", { vpcId });
    });
  });
});
