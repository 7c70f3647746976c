import { expect } from "chai";
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { Settings } from "../../config/schema.ts";
import { readStackFile } from "../../config/stack-files.ts";
import { changes } from "./changes.ts";
import { compare, judge, type Difference } from "./compare.ts";
import { versionOutputs } from "./versions.ts";
import { recordingOf, unknown, type Made, type Recording } from "./recording.ts";

const accountId = "935743309409";
const Lines = z.array(z.record(z.string(), z.unknown()));
const Recorded = z.object({
  ...{ firstPlan: Lines, up: Lines, nat: Lines, destroy: Lines },
  checkpoint: z.unknown(),
});

/** A part of what the engine printed for dev, with the doubles. */
const text = readFileSync(join(repositoryRoot, "test/fixtures/conformance/recorded.json"), "utf8");

/** The recording of that text, with what a real run would have printed in its place. */
function recording(changed: (text: string) => string = (same) => same): Recording {
  const { firstPlan, up, nat, destroy, checkpoint } = Recorded.parse(JSON.parse(changed(text)));
  const lines = (events: z.infer<typeof Lines>) =>
    ["Previewing update (dev):", ...events.map((event) => JSON.stringify(event))].join("\n");
  return recordingOf(
    {
      ...{ firstPlan: lines(firstPlan), up: lines(up), destroy: lines(destroy) },
      checkpoint: JSON.stringify(checkpoint),
      changes: { "NAT gateways": lines(nat) },
    },
    accountId,
  );
}

const vpc = "aws:ec2/vpc:Vpc idp-network";
const subnet = "aws:ec2/subnet:Subnet idp-network-private-1";
const flowLog = "aws:ec2/flowLog:FlowLog idp-network-flow-logs";
const cluster = "aws:eks/cluster:Cluster idp-cluster-eksCluster";
const inner = "pulumi:providers:kubernetes idp-cluster-eks-k8s";

describe("make conformance: what a run did", () => {
  const { firstPlan, made, warnings, changes: plans, deletions } = recording();

  it("names made-up ids by the resource that has them", () => {
    expect(made[subnet]).to.deep.include({ parent: vpc, protect: false });
    expect(made[subnet]?.inputs).to.deep.include({
      vpcId: `<${vpc}: id>`,
      cidrBlock: "10.10.0.0/20",
    });
    expect(JSON.stringify(made)).not.to.match(/(vpc|subnet|fl|sg)-[0-9a-f]{8}/);
  });

  it("keeps what the settings say: the account's number and the cluster's name", () => {
    expect(made[cluster]?.inputs).to.deep.include({ name: "idp-dev", version: "1.36" });
    expect(made[flowLog]?.inputs).to.have.property("logDestination").that.includes(accountId);
  });

  it("says of a value that a preview does not know that it is not known", () => {
    expect(firstPlan[`create ${subnet}`]?.inputs).to.deep.include({ vpcId: unknown });
  });

  it("names what is needed: the parent, the provider and what is waited for", () => {
    expect(made[subnet]?.needs).to.deep.equal([vpc, "pulumi:providers:aws account"]);
  });

  it("has of a change what it changes, and of that which inputs", () => {
    expect(Object.keys(plans["NAT gateways"] ?? {})).to.deep.equal([
      "create aws:ec2/eip:Eip idp-network-2",
      "create aws:ec2/natGateway:NatGateway idp-network-2",
      "update aws:ec2/route:Route idp-network-private-2",
    ]);
    expect(
      plans["NAT gateways"]?.["update aws:ec2/route:Route idp-network-private-2"]?.diffs,
    ).to.deep.equal(["natGatewayId"]);
  });

  it("has the order of deletion", () => {
    expect(deletions.indexOf(cluster)).to.be.greaterThan(deletions.indexOf(inner));
    expect(deletions.at(-1)).to.equal("awsx:ec2:Vpc idp-network");
  });

  it("leaves out what the engine says of the plugins of both runs, and nothing else", () => {
    expect(warnings).to.deep.equal([]);
    const loud = recording((same) =>
      same.replaceAll("resource plugin kubernetes is", "resource plugin eks is"),
    );
    expect(loud.warnings).to.have.length(2);
    expect(loud.warnings[0]).to.match(/^: resource plugin eks is expected to have version /);
  });

  it("refuses a stack that is not there", () => {
    const empty = { firstPlan: "", up: "", destroy: "", changes: {} };
    expect(() => recordingOf({ ...empty, checkpoint: "{}" }, accountId)).to.throw("deployment");
  });
});

describe("make conformance: the comparison", () => {
  const doubles = recording();
  const made = (name: string): Made => {
    const found = doubles.made[name];
    if (found === undefined) throw new Error(`${name} was not recorded`);
    return found;
  };
  const withMade = (changed: Readonly<Record<string, Made>>): Recording => ({
    ...doubles,
    made: { ...doubles.made, ...changed },
  });

  it("finds nothing between two runs that differ in made-up ids and in the order of side-by-side work", () => {
    const again = recording((same) =>
      same.replaceAll(/\b(vpc|subnet|fl|sg|eipalloc|nat|rtb)-[0-9a-f]{4}/g, "$1-abcd"),
    );
    const swapped = new Map([
      [subnet, flowLog],
      [flowLog, subnet],
    ]);
    const other = { ...again, deletions: again.deletions.map((name) => swapped.get(name) ?? name) };
    expect(other.deletions).not.to.deep.equal(again.deletions);
    expect(compare(doubles, again)).to.deep.equal([]);
    expect(compare(other, again)).to.deep.equal([]);
  });

  const cases: readonly (readonly [string, Recording, readonly Difference[]])[] = [
    [
      "an input, by its path",
      withMade({
        [subnet]: { ...made(subnet), inputs: { ...Object(made(subnet).inputs), tags: { A: "1" } } },
      }),
      ["A", "Name", "SubnetType", "kubernetes.io/role/internal-elb"].map((key) => ({
        stage: "up",
        resource: subnet,
        what: `inputs.tags.${key}`,
        doubles: {
          A: undefined,
          Name: "idp-network-private-1",
          SubnetType: "Private",
          "kubernetes.io/role/internal-elb": "1",
        }[key],
        real: key === "A" ? "1" : undefined,
      })),
    ],
    [
      "a parent",
      withMade({ [flowLog]: { ...made(flowLog), parent: vpc } }),
      [
        {
          stage: "up",
          resource: flowLog,
          what: "parent",
          doubles: "idp:platform:Network idp-network",
          real: vpc,
        },
      ],
    ],
    [
      "protection",
      withMade({ [cluster]: { ...made(cluster), protect: true } }),
      [{ stage: "up", resource: cluster, what: "protect", doubles: false, real: true }],
    ],
    [
      "a resource that only one side makes",
      withMade({ "aws:eks/addon:Addon idp-cluster-coredns": made(cluster) }),
      [
        {
          stage: "up",
          resource: "aws:eks/addon:Addon idp-cluster-coredns",
          what: "itself",
          doubles: "absent",
          real: "there",
        },
      ],
    ],
    [
      "a value that only one side knows before it is made",
      {
        ...doubles,
        firstPlan: {
          ...doubles.firstPlan,
          [`create ${vpc}`]: { parent: "", inputs: { cidrBlock: unknown }, diffs: [] },
        },
      },
      (
        [
          ["inputs.cidrBlock", "10.10.0.0/16", unknown],
          ["inputs.enableDnsHostnames", true, undefined],
          ["inputs.tags", { Name: "idp-network" }, undefined],
          [
            "inputs.tagsAll",
            {
              Name: "idp-network",
              "idp:environment": "dev",
              "idp:repository": "https://github.com/alexpermiakov/idp",
            },
            undefined,
          ],
          ["parent", "awsx:ec2:Vpc idp-network", ""],
        ] as const
      ).map(([what, one, other]) => ({
        stage: "first plan",
        resource: `create ${vpc}`,
        what,
        doubles: one,
        real: other,
      })),
    ],
    [
      "a warning",
      { ...doubles, warnings: ["awsx:ec2:Vpc idp-network: something"] },
      [
        {
          stage: "up",
          resource: "",
          what: "warnings",
          doubles: [],
          real: ["awsx:ec2:Vpc idp-network: something"],
        },
      ],
    ],
    [
      "another plan for a change",
      { ...doubles, changes: {} },
      Object.keys(doubles.changes["NAT gateways"] ?? {}).map((resource) => ({
        ...{ stage: "NAT gateways", resource, what: "itself" },
        ...{ doubles: "there", real: "absent" },
      })),
    ],
    [
      "what one side must delete first, though the other did not",
      withMade({ [cluster]: { ...made(cluster), needs: [...made(cluster).needs, inner] } }),
      [
        { stage: "up", resource: cluster, what: "needs", doubles: [], real: [inner] },
        { stage: "destroy", resource: cluster, what: "deleted after", doubles: [inner], real: [] },
      ],
    ],
  ];
  for (const [what, real, expected] of cases) {
    it(`finds ${what}`, () => {
      expect(compare(doubles, real)).to.deep.equal(expected);
    });
  }

  it("finds no need that is met through something else", () => {
    const real = withMade({
      [flowLog]: { ...made(flowLog), needs: [...made(flowLog).needs, "awsx:ec2:Vpc idp-network"] },
    });
    expect(compare(doubles, real)).to.deep.equal([]);
  });

  it("accepts a known difference, and says when it is gone", () => {
    const difference = { stage: "dev, up", resource: inner, what: "inputs.version" };
    const seen = [{ ...difference, doubles: "4.34.2", real: "4.19.0" }];
    const known = [{ resource: inner, what: "inputs.version", why: "" }];
    expect(judge(seen, known)).to.deep.equal({ unexpected: [], gone: [] });
    expect(judge([], known)).to.deep.equal({ unexpected: [], gone: known });
    expect(judge(seen, [])).to.deep.equal({ unexpected: seen, gone: [] });
  });
});

describe("make conformance: the usual changes", () => {
  for (const environment of ["dev", "staging", "prod"] as const) {
    it(`change the settings of ${environment}, and leave settings`, () => {
      const settings = Settings.parse(readStackFile(repositoryRoot, environment)?.settings);
      for (const [name, change] of Object.entries(changes)) {
        expect(Settings.parse(change(settings)), name).not.to.deep.equal(settings);
      }
    });
  }
});

describe("make conformance without the real components", () => {
  it("says where they come from, and ends with 2", async () => {
    const { exitCode, stderr } = await execa(
      process.execPath,
      [join(import.meta.dirname, "main.ts")],
      { env: { PATH: dirname(process.execPath) }, reject: false },
    );
    expect(exitCode).to.equal(2);
    expect(stderr).to.match(/pulumi plugin install resource awsx \d+\.\d+\.\d+ /);
    expect(stderr).to.match(/pulumi plugin install resource eks \d+\.\d+\.\d+ /);
  });
});

describe("make conformance on GitHub", () => {
  const lock = (awsx: string, eks: string) =>
    JSON.stringify({
      packages: {
        "node_modules/@pulumi/awsx": { version: awsx },
        "node_modules/@pulumi/eks": { version: eks },
      },
    });

  it("sees a new version of either, and of nothing else", () => {
    const now = lock("3.9.0", "4.3.0");
    expect(versionOutputs(now, now)).to.equal("awsx=3.9.0\neks=4.3.0\nchanged=false\n");
    for (const before of [lock("3.8.0", "4.3.0"), lock("3.9.0", "4.2.0"), undefined]) {
      expect(versionOutputs(now, before)).to.equal("awsx=3.9.0\neks=4.3.0\nchanged=true\n");
    }
  });

  it("refuses a lock file without them", () => {
    expect(() => versionOutputs("{}", undefined)).to.throw("no version of @pulumi/awsx");
  });
});
