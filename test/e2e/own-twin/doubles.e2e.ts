/**
 * The doubles under the real engine, against what the real components were measured to register. Clusters are records
 * only here; the twin's own tests start their control planes.
 */
import { expect } from "chai";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { contract, withReferences, type Children } from "../../support/contract.ts";
import { engineFor, type Engine } from "../support/engine.ts";

const Resources = z.object({
  deployment: z.object({
    resources: z
      .array(
        z.object({
          urn: z.string(),
          id: z.string().optional(),
          parent: z.string().optional(),
          inputs: z.record(z.string(), z.unknown()).default({}),
          outputs: z.record(z.string(), z.unknown()).default({}),
        }),
      )
      .default([]),
  }),
});

/** A resource of the stack, as the contract names resources. */
interface Deployed {
  /** "type name" of its parent. */
  readonly parent: string | undefined;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** "type name" of a URN such as `urn:pulumi:<stack>::<project>::<parents' types>$<type>::<name>`. */
function nameOf(urn: string): string {
  const [, , types = "", name = ""] = urn.split("::");
  return `${types.slice(types.lastIndexOf("$") + 1)} ${name}`;
}

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
  async function change(
    verb: "up" | "refresh" | "destroy",
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { code, text } = await pulumi([verb, "--yes", "--skip-preview"], env);
    expect(code, text).to.equal(0);
    expect(text).not.to.match(/warning: using/);
    return text.slice(text.indexOf("Resources:"));
  }

  async function deployed(): Promise<Map<string, Deployed>> {
    const { text } = await pulumi(["stack", "export"]);
    const { resources } = Resources.parse(JSON.parse(text)).deployment;
    return new Map(
      resources.map(({ urn, id, parent, inputs, outputs }) => [
        nameOf(urn),
        {
          parent: parent === undefined ? undefined : nameOf(parent),
          inputs,
          outputs: { ...outputs, id },
        },
      ]),
    );
  }

  /** Asserts that below the two components there is what the contract says, and nothing else. */
  async function expectChildren(children: Children): Promise<void> {
    const resources = await deployed();
    const roots = ["awsx:ec2:Vpc idp-network", "eks:index:Cluster idp-cluster"];
    const isBelow = (name: string | undefined): boolean => {
      const parent = resources.get(name ?? "")?.parent;
      return parent !== undefined && (roots.includes(parent) || isBelow(parent));
    };
    const outputOf = (resource: string, path: string): string => {
      let value: unknown = resources.get(resource)?.outputs;
      for (const key of path.split(".")) {
        value = new Map(Object.entries(value ?? {})).get(key);
      }
      return String(value);
    };
    const found = [...resources].filter(([name]) => isBelow(name));
    expect(found.map(([name]) => name).sort()).to.deep.equal(Object.keys(children).sort());
    for (const [name, { parent, inputs }] of found) {
      const expected = children[name];
      const keys = Object.keys(expected?.inputs ?? {});
      expect(
        { parent, inputs: Object.fromEntries(keys.map((key) => [key, inputs[key]])) },
        name,
      ).to.deep.equal(withReferences(expected, outputOf));
    }
  }

  it("previews the whole, and makes nothing", async () => {
    const { code, text } = await pulumi(["preview"]);
    expect(code, text).to.equal(0);
    expect(readdirSync(join(twin, "aws"))).to.deep.equal(["config"]);
  });

  it("registers the children that the real components were measured to register", async () => {
    expect(await change("up")).to.match(/\+ \d+ created/);
    await expectChildren({ ...contract.network.children, ...contract.cluster.children });
  });

  it("gives back what a program reads of the components", async () => {
    const { text } = await pulumi(["stack", "output", "--json"]);
    const outputs = z
      .object({ outputs: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(text)).outputs;
    const lists = z.record(z.string(), z.array(z.string()));
    const { layout, subnetsOfCluster, privateSubnets } = lists.parse(
      Object.fromEntries(Object.entries(outputs).filter(([, value]) => Array.isArray(value))),
    );
    expect([...(layout ?? [])].sort()).to.deep.equal(
      ["0.0/20", "16.0/24", "64.0/20", "80.0/24", "128.0/20", "144.0/24"]
        .map((end) => `10.20.${end}`)
        .sort(),
    );
    // No public one: nodes of Auto Mode are placed in the subnets that the cluster names.
    expect(subnetsOfCluster).to.deep.equal(privateSubnets);
    expect(outputs["nodeRole"]).to.match(/^idp-cluster-nodeRole-role-[0-9a-f]{7}$/);
    expect(outputs["securityGroup"]).to.match(/^sg-/);
    expect(outputs["tagsAll"]).to.deep.equal({
      Name: "idp-cluster-eksCluster",
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

  it("adds NAT gateways, and takes them away again, without touching anything else", async () => {
    expect(await change("up", { NAT: "OnePerAz" })).to.match(/\+ 4 created\s+~ 2 updated/);
    await expectChildren({
      ...contract.network.children,
      ...contract.network.onePerAz,
      ...contract.cluster.children,
    });
    expect(await change("up")).to.match(/~ 2 updated\s+- 4 deleted/);
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
    // What EKS made by itself.
    const [group, profile, ...others] = left.filter((name) => name.endsWith(".json")).sort();
    expect(group).to.equal("cloudwatch/logGroup/%2Faws%2Feks%2Fidp-test%2Fcluster.json");
    expect(profile).to.match(/^iam\/instanceProfile\/eks-us-west-2-idp-test-[0-9a-f]+\.json$/);
    expect(others).to.deep.equal([]);
  });

  const refusals = [
    ["zones", "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones]"],
    ["authentication", "Access entries are required when using EKS Auto Mode"],
    ["interface", "The awsx double does not play vpcEndpointSpecs.vpcEndpointType"],
    ["coredns", "The eks double does not play the coredns add-on"],
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
