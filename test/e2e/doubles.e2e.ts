/**
 * The doubles under the real engine, against the tables of aws-contract.md. Clusters are records only here; the twin's
 * own tests start their control planes.
 */
import { expect } from "chai";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { engineFor, type Engine } from "./support/engine.ts";

const Resources = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ urn: z.string(), type: z.string(), parent: z.string().optional() }))
      .default([]),
  }),
});

/** Children by type as "3 aws:ec2/eip:Eip", in order. */
type Counts = readonly string[];

const network = (nat: number, routes: number): Counts => [
  ...(nat === 0 ? [] : [`${nat} aws:ec2/eip:Eip`]),
  "1 aws:ec2/internetGateway:InternetGateway",
  ...(nat === 0 ? [] : [`${nat} aws:ec2/natGateway:NatGateway`]),
  `${routes} aws:ec2/route:Route`,
  "6 aws:ec2/routeTable:RouteTable",
  "6 aws:ec2/routeTableAssociation:RouteTableAssociation",
  "6 aws:ec2/subnet:Subnet",
  "1 aws:ec2/vpc:Vpc",
];

/** What the real components were measured to register. */
const measured: Readonly<Record<string, Counts>> = {
  "awsx:ec2:Vpc::per-zone": network(3, 6),
  "awsx:ec2:Vpc::single": [...network(1, 6), "1 aws:ec2/vpcEndpoint:VpcEndpoint"],
  "awsx:ec2:Vpc::none": network(0, 3),
  "eks:index:Cluster::full": [
    "1 aws:eks/accessEntry:AccessEntry",
    "1 aws:eks/addon:Addon",
    "1 aws:eks/cluster:Cluster",
    "1 aws:iam/instanceProfile:InstanceProfile",
    "1 aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "3 aws:iam/role:Role",
    "10 aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "3 eks:index:ServiceRole",
    "1 pulumi:providers:kubernetes",
  ],
  // Without OIDC provider, with one access entry and its policy.
  "eks:index:Cluster::lean": [
    "1 aws:eks/accessEntry:AccessEntry",
    "1 aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "1 aws:eks/cluster:Cluster",
    "2 aws:iam/role:Role",
    "7 aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "2 eks:index:ServiceRole",
    "1 pulumi:providers:kubernetes",
  ],
};

describe("the doubles under the real engine", function () {
  this.timeout(180_000);
  let engine: Engine;
  let pulumi: Engine["pulumi"];
  let twin: string;

  before(async function () {
    this.timeout(3_600_000);
    engine = await engineFor("doubles", ["@pulumi/aws", "@pulumi/awsx", "@pulumi/eks"]);
    pulumi = engine.pulumi;
    twin = engine.folder;
    await pulumi(["stack", "init", "test"]);
  });

  after(() => {
    engine.remove();
  });

  /** Runs a command that changes the stack. @returns its summary, such as "3 unchanged" */
  async function change(verb: "up" | "refresh" | "destroy"): Promise<string> {
    const { code, text } = await pulumi([verb, "--yes", "--skip-preview"]);
    expect(code, text).to.equal(0);
    expect(text).not.to.match(/warning: using/);
    return text.slice(text.indexOf("Resources:"));
  }

  async function childrenByComponent(): Promise<Record<string, Counts>> {
    const { text } = await pulumi(["stack", "export"]);
    const { resources } = Resources.parse(JSON.parse(text)).deployment;
    const parents = new Map(resources.map(({ urn, parent }) => [urn, parent]));
    const counts = new Map<string, Map<string, number>>();
    for (const { urn, type } of resources) {
      const root = componentAbove(urn, parents);
      if (root === undefined) continue;
      const known = counts.get(root) ?? new Map<string, number>();
      counts.set(root, known.set(type, (known.get(type) ?? 0) + 1));
    }
    return Object.fromEntries(
      [...counts].map(([root, types]) => [
        root,
        [...types].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, n]) => `${n} ${type}`),
      ]),
    );
  }

  function componentAbove(
    urn: string,
    parents: ReadonlyMap<string, string | undefined>,
  ): string | undefined {
    for (let at = parents.get(urn); at !== undefined; at = parents.get(at)) {
      const name = /::(awsx:ec2:Vpc|eks:index:Cluster)(::[^:]+)$/.exec(at);
      if (name !== null) return `${name[1] ?? ""}${name[2] ?? ""}`;
    }
    return undefined;
  }

  it("previews the whole, and makes nothing", async () => {
    const { code, text } = await pulumi(["preview"]);
    expect(code, text).to.equal(0);
    expect(readdirSync(join(twin, "aws"))).to.deep.equal(["config"]);
  });

  it("registers the children that the real components were measured to register", async () => {
    expect(await change("up")).to.match(/\+ \d+ created/);
    expect(await childrenByComponent()).to.deep.equal(measured);
  });

  it("gives back what a program reads of the components", async () => {
    const { text } = await pulumi(["stack", "output", "--json"]);
    const outputs = z
      .object({ outputs: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(text)).outputs;
    const lists = z.record(z.string(), z.array(z.string()));
    const { layout, subnetsOfCluster, publicSubnets, privateSubnets } = lists.parse(
      Object.fromEntries(Object.entries(outputs).filter(([, value]) => Array.isArray(value))),
    );
    expect([...(layout ?? [])].sort()).to.deep.equal(
      ["0.0/19", "32.0/20", "64.0/19", "96.0/20", "128.0/19", "160.0/20"]
        .map((end) => `10.20.${end}`)
        .sort(),
    );
    expect(subnetsOfCluster).to.deep.equal([...(publicSubnets ?? []), ...(privateSubnets ?? [])]);
    expect(outputs).to.include({
      oidcProvider: `arn:aws:iam::935743309409:oidc-provider/${String(outputs["issuer"])}`,
    });
    expect(outputs["nodeRole"]).to.match(/^lean-nodeRole-role-[0-9a-f]{7}$/);
    expect(outputs["securityGroup"]).to.match(/^sg-/);
    expect(outputs["tagsAll"]).to.deep.equal({
      Environment: "test",
      Name: "lean-eksCluster",
      Owner: "platform",
    });
    expect(JSON.parse(String(outputs["kubeconfig"]))).to.have.nested.property(
      "users[0].user.exec.command",
      "aws",
    );
  });

  it("sees no change in an unchanged program, nor in an unchanged account", async () => {
    expect(await change("up")).to.match(/^Resources:\s+\d+ unchanged/);
    expect(await change("refresh")).to.match(/^Resources:\s+\d+ unchanged/);
  });

  it("sees what was changed and deleted behind its back, and puts it right", async () => {
    const folder = join(twin, "aws/935743309409");
    const [eip = ""] = readdirSync(join(folder, "ec2/eip"));
    rmSync(join(folder, "kms/key"), { recursive: true });
    const file = join(folder, "ec2/eip", eip);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll('"platform"', '"nobody"'));
    expect(await change("refresh")).to.match(/~ 1 updated\s+- 1 deleted/);
    const { text } = await pulumi(["preview", "--diff"]);
    expect(text).to.include('"nobody" => "platform"');
    expect(text).to.include("aws:kms/key:Key: (create)");
    await change("up");
    expect(await change("up")).to.match(/^Resources:\s+\d+ unchanged/);
  });

  it("deletes everything, in an order that AWS allows", async () => {
    expect(await change("destroy")).to.match(/- \d+ deleted/);
    const left = readdirSync(join(twin, "aws/935743309409"), { recursive: true, encoding: "utf8" });
    // EKS leaves its log groups; a program that wants them gone makes them itself, first.
    expect(left.filter((name) => name.endsWith(".json")).sort()).to.deep.equal([
      "cloudwatch/logGroup/%2Faws%2Feks%2Ffull%2Fcluster.json",
      "cloudwatch/logGroup/%2Faws%2Feks%2Flean%2Fcluster.json",
    ]);
  });

  const refusals = [
    ["zones", "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones]"],
    ["addresses", "The number of Elastic IPs, if specified, must match"],
    ["authentication", "Access entries are required when using EKS Auto Mode"],
    ["bucket", "The AWS double does not play the resource type aws:s3/bucket:Bucket"],
  ] as const;
  for (const [name, message] of refusals) {
    it(`refuses in preview: ${message}`, async () => {
      const { code, text } = await pulumi(["preview"], { CASE: name });
      expect(text).to.include(message);
      expect(code).not.to.equal(0);
    });
  }

  it("refuses an account that the provider does not allow", async () => {
    const { code, text } = await pulumi(["preview"], { CASE: "account", ALLOWED: "100000000003" });
    expect(text).to.include("AWS account ID not allowed: 935743309409");
    expect(code).not.to.equal(0);
  });
});
