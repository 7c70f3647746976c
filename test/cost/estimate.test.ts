import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { z } from "zod";
import { costLines } from "../../cli/cost.ts";
import { platformOf, stackCost } from "../../cost/stack-cost.ts";
import {
  arithmetic,
  ceilingOf,
  estimate,
  nodesFor,
  requests,
  type CostedService,
  type PlannedResource,
} from "../../cost/estimate.ts";
import { byUse, priceDate, prices } from "../../cost/prices.ts";
import { goldenResources, previewResources, withNatGateways } from "../../cost/sources.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const service = (
  resources: CostedService["resources"],
  min: number,
  more: Partial<CostedService> = {},
): CostedService => ({
  name: "clock",
  resources,
  replicas: { min, max: min },
  ingress: undefined,
  ...more,
});

const vpc = (strategy: string): PlannedResource => ({
  type: "awsx:ec2:Vpc",
  inputs: { natGateways: { strategy }, availabilityZoneNames: ["a", "b", "c"] },
});
const cluster: PlannedResource = { type: "eks:index:Cluster", inputs: {} };
const shown = (...given: Parameters<typeof estimate>) =>
  estimate(...given).lines.map((line) => `${line.what}: ${arithmetic(line)} = ${line.dollars}`);

describe("the cost of a stack", () => {
  it("is the sum of its lines, each with its arithmetic", () => {
    expect(shown([vpc("Single"), cluster], [service("small", 1)])).to.deep.equal([
      "EKS control plane: 1 x 730 h x $0.1 = 73",
      "NAT gateway: 1 x 730 h x $0.045 = 32.85",
      "public IPv4 address: 1 x 730 h x $0.005 = 3.65",
      "node, c6a.large: 1 x 730 h x $0.0765 = 55.85",
      "node under EKS Auto Mode: 1 x 730 h x $0.00918 = 6.7",
      "disk of a node: 1 x 80 GB x $0.08 = 6.4",
    ]);
    expect(estimate([vpc("Single"), cluster], [service("small", 1)]).dollars).to.equal(178.45);
  });

  it("shows one NAT gateway a zone instead of a single one", () => {
    const single = estimate([vpc("Single"), cluster], []);
    const each = estimate([vpc("OnePerAz"), cluster], []);
    expect(each.dollars - single.dollars).to.be.closeTo(73, 0.001);
    expect(each.lines.find(({ price }) => price === "natGateway")?.count).to.equal(3);
    expect(estimate([vpc("None")], []).lines).to.deep.equal([]);
  });

  it("counts the children of a component once when a plan has them", () => {
    const children = [
      "aws:ec2/natGateway:NatGateway",
      "aws:ec2/eip:Eip",
      "aws:eks/cluster:Cluster",
    ].map((type) => ({ type, inputs: {} }));
    expect(shown([vpc("Single"), cluster, ...children], [])).to.deep.equal(
      shown([vpc("Single"), cluster], []),
    );
  });

  it("has no node and no load balancer without a cluster", () => {
    const open = service("small", 2, { ingress: { path: "/" } });
    expect(shown([vpc("Single")], [open])).to.deep.equal([
      "NAT gateway: 1 x 730 h x $0.045 = 32.85",
      "public IPv4 address: 1 x 730 h x $0.005 = 3.65",
    ]);
  });

  it("has a load balancer for each service that has an ingress", () => {
    const open = service("small", 1, { ingress: { path: "/" } });
    expect(shown([cluster], [open, open, service("small", 1)])).to.include(
      "load balancer of a service: 2 x 730 h x $0.0225 = 32.85",
    );
  });
});

describe("the most that a stack costs", () => {
  const single = estimate([vpc("Single"), cluster], [service("small", 1)]);

  it("is with as many nodes of 2 vCPU as the ceiling allows", () => {
    // 178.45, and 7 more nodes at 730 x (0.0765 + 0.00918) + 80 x 0.08 each: 68.9464.
    expect(ceilingOf(single, 16)).to.deep.equal({ nodes: 8, dollars: 661.07 });
    expect(ceilingOf(single, 17)).to.deep.equal({ nodes: 8, dollars: 661.07 });
    expect(ceilingOf(single, 2)).to.deep.equal({ nodes: 1, dollars: 178.45 });
  });

  it("is never less than the fewest nodes cost", () => {
    const three = estimate([cluster], [service("small", 3)]);
    expect(ceilingOf(three, 2)).to.deep.equal({ nodes: 3, dollars: three.dollars });
  });

  it("is nothing without a cluster", () => {
    expect(ceilingOf(estimate([vpc("Single")], []), 16)).to.equal(undefined);
  });

  it("follows the settings of this repository's stacks", async () => {
    const [dev, prod] = await Promise.all([
      stackCost(repositoryRoot, "dev"),
      stackCost(repositoryRoot, "prod"),
    ]);
    expect([dev.most?.nodes, prod.most?.nodes]).to.deep.equal([8, 32]);
    expect(costLines([dev]).join("\n")).to.match(
      /with 8 nodes, the most +idp:cluster.nodes.maxVcpu +\$/,
    );
  });
});

describe("the nodes of a stack", () => {
  for (const [what, services, nodes] of [
    ["one for nothing", [], 1],
    ["one a zone that replicas are spread over", [service("small", 2)], 2],
    ["no more for more replicas than zones", [service("small", 5)], 3],
    ["as many as the CPU asks for", [service("large", 8)], 6],
    ["as many as the memory asks for", [service("medium", 24)], 5],
  ] as const) {
    it(`are ${what}`, () => {
      expect(nodesFor(services, { nodes: 1, cpu: 0, memory: 0 })).to.equal(nodes);
    });
  }

  it("are at least three when Argo CD is highly available", () => {
    expect(platformOf(true, "pinned").nodes).to.equal(3);
    expect(nodesFor([], { nodes: 3, cpu: 0, memory: 0 })).to.equal(3);
  });

  it("are as many as Argo CD and Image Updater ask for beside the services", () => {
    const platform = platformOf(false, "newest-build");
    expect(platform).to.deep.equal({ nodes: 1, cpu: 785, memory: 1728 });
    expect(platformOf(false, "pinned")).to.deep.equal({ nodes: 1, cpu: 535, memory: 1216 });
    expect(nodesFor([service("small", 1)], platform)).to.equal(1);
    expect(nodesFor([service("large", 1)], platform)).to.equal(2);
    const lines = estimate([cluster], [service("large", 1)], platform).lines;
    expect(lines.find(({ price }) => price === "node")?.count).to.equal(2);
  });

  it("are calculated from the chart's own sizes", () => {
    const sizes = z
      .record(z.string(), z.object({ requests: z.object({ cpu: z.string(), memory: z.string() }) }))
      .parse(
        parse(
          readFileSync(join(repositoryRoot, "helm-charts/standard-service/sizes.yaml"), "utf8"),
        ),
      );
    const cpu = (text: string) => (text.endsWith("m") ? parseInt(text) / 1000 : Number(text));
    const memory = (text: string) => parseInt(text) * (text.endsWith("Gi") ? 1024 : 1);
    expect(requests).to.deep.equal(
      Object.fromEntries(
        Object.entries(sizes).map(([name, size]) => [
          name,
          { cpu: cpu(size.requests.cpu), memory: memory(size.requests.memory) },
        ]),
      ),
    );
  });
});

describe("this repository's stacks", () => {
  it("cost at most half as much in dev as in prod", async () => {
    const [dev, prod] = await Promise.all([
      stackCost(repositoryRoot, "dev"),
      stackCost(repositoryRoot, "prod"),
    ]);
    expect(dev.dollars).to.be.at.most(prod.dollars / 2);
  });

  it("follow a setting before the golden files do", () => {
    const golden = goldenResources(repositoryRoot, "dev");
    const dollars = (strategy: string) => estimate(withNatGateways(golden, strategy), []).dollars;
    expect(dollars("OnePerAz") - dollars("Single")).to.be.closeTo(73, 0.001);
    expect(withNatGateways(golden, "Single")).to.deep.equal(golden);
  });

  it("show their sum in the last line", async () => {
    const dev = await stackCost(repositoryRoot, "dev");
    expect(costLines([dev]).at(-1)).to.equal(`dev $${dev.dollars.toFixed(2)} a month`);
    const text = costLines([{ ...dev, region: "eu-west-1" }]).join("\n");
    expect(text).to.include("dev is in eu-west-1, where prices differ");
  });

  it("have a date and an AWS page for every price", () => {
    expect(priceDate).to.match(/^\d{4}-\d\d-\d\d$/);
    const pages = Object.values(prices).map(({ source }) => new URL(source).hostname);
    expect([...new Set(pages)]).to.deep.equal(["aws.amazon.com"]);
    expect(byUse.map(([price]) => price)).to.include("natData");
  });
});

describe("a plan's cost", () => {
  const urn = (type: string, name: string) => `urn:pulumi:dev::idp::${type}::${name}`;
  const step = (op: string, type: string, name: string, sides: "old" | "new" | "both") => {
    const state = { urn: urn(type, name), type, inputs: {} };
    return {
      op,
      urn: state.urn,
      ...(sides !== "new" && { oldState: state }),
      ...(sides !== "old" && { newState: state }),
    };
  };
  const nat = "aws:ec2/natGateway:NatGateway";

  it("counts the resources that stay, come and change; before it, those that were there", () => {
    const { before, after } = previewResources(
      JSON.stringify({
        steps: [
          step("same", nat, "a", "both"),
          step("create", nat, "b", "new"),
          step("create", nat, "c", "new"),
          step("delete", "aws:kms/key:Key", "old", "old"),
          step("create-replacement", "aws:ec2/eip:Eip", "a", "both"),
          step("replace", "aws:ec2/eip:Eip", "a", "both"),
          step("delete-replaced", "aws:ec2/eip:Eip", "a", "old"),
          step("read", "aws:ec2/eip:Eip", "b", "both"),
        ],
      }),
    );
    expect(estimate(before, []).dollars).to.equal(32.85 + 1 + 3.65);
    expect(shown(after, [])).to.deep.equal([
      "NAT gateway: 3 x 730 h x $0.045 = 98.55",
      "public IPv4 address: 1 x 730 h x $0.005 = 3.65",
    ]);
  });

  it("says what the change adds", async () => {
    const steps = ["a", "b", "c"].map((name) =>
      step(name === "a" ? "same" : "create", nat, name, name === "a" ? "both" : "new"),
    );
    const plan = previewResources(JSON.stringify({ steps }));
    const cost = await stackCost(repositoryRoot, "staging", plan);
    expect(costLines([cost]).at(-1)).to.equal("staging $98.55 (+$65.70 by this change) a month");
  });

  it("refuses anything that is not a preview, and says how to make one", () => {
    for (const text of ["Previewing update", '{"steps": 1}']) {
      expect(() => previewResources(text)).to.throw(
        "Fix: pulumi preview --json --show-sames > preview.json",
      );
    }
    expect(() => goldenResources("/nowhere", "dev")).to.throw(
      "test/golden/dev.json is not a golden file",
    );
  });
});
