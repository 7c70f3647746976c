import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { environments, type Environment } from "../../../config/environments.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { customFaults, customSchemas } from "../../../policy/crd-schema.ts";
import { kubernetesOf } from "../../../policy/kubernetes-schema.ts";
import { autoModeKinds } from "../../../twin/cluster/auto-mode.ts";

const Golden = z.array(z.object({ inputs: z.record(z.string(), z.unknown()).optional() }));
const schemas = customSchemas(autoModeKinds);

/** What a stack makes of the kinds that EKS installs. */
function made(environment: Environment) {
  const file = join(repositoryRoot, `test/golden/${environment}.json`);
  return Golden.parse(JSON.parse(readFileSync(file, "utf8")))
    .map(({ inputs = {} }) => inputs)
    .filter((inputs) => schemas.has(keyOf(inputs)));
}

const keyOf = ({ apiVersion, kind }: Readonly<Record<string, unknown>>) =>
  `${String(apiVersion)} ${String(kind)}`;

function faults(manifest: Readonly<Record<string, unknown>>): string[] {
  const kubernetes = kubernetesOf("1.36");
  if (!kubernetes) throw new Error("There is no schema of Kubernetes 1.36.");
  return customFaults(manifest, schemas.get(keyOf(manifest)), kubernetes).map(
    ({ path, found, allowed }) => `${path}: ${found}; ${allowed}`,
  );
}

describe("the kinds that EKS installs in Auto Mode", () => {
  for (const environment of environments) {
    it(`take what ${environment} makes of them`, () => {
      const objects = made(environment);
      expect(objects.map(({ kind }) => kind)).to.have.members([
        "IngressClassParams",
        "NodeClass",
        "NodePool",
      ]);
      for (const object of objects) expect(faults(object)).to.deep.equal([]);
    });
  }

  const object = (kind: string, spec: object) => ({
    apiVersion: kind === "NodePool" ? "karpenter.sh/v1" : "eks.amazonaws.com/v1",
    ...{ kind, metadata: { name: "platform" }, spec },
  });
  const nodeClass = {
    role: "nodes",
    subnetSelectorTerms: [{ id: "subnet-1" }],
    securityGroupSelectorTerms: [{ id: "sg-1" }],
  };
  const spec = {
    nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: "platform" },
    requirements: [],
  };
  const pool = (more: object, disruption: object = { consolidateAfter: "5m" }) => ({
    disruption,
    template: { spec: { ...spec, ...more } },
  });
  const refusals: readonly (readonly [string, ReturnType<typeof object>, string])[] = [
    ["a class without a role", object("NodeClass", { ...nodeClass, role: undefined }), "spec.role"],
    [
      "a class without subnets",
      object("NodeClass", { ...nodeClass, subnetSelectorTerms: [] }),
      "spec.subnetSelectorTerms",
    ],
    [
      "a class with a field that it does not play",
      object("NodeClass", { ...nodeClass, userData: "x" }),
      "spec.userData",
    ],
    [
      "a pool without requirements",
      object("NodePool", pool({ requirements: undefined })),
      "spec.template.spec.requirements",
    ],
    [
      "a pool whose nodes never expire",
      object("NodePool", pool({ expireAfter: "Never" })),
      "spec.template.spec.expireAfter",
    ],
    [
      "a pool that does not say after how long nodes are merged",
      object("NodePool", pool({}, {})),
      "spec.disruption.consolidateAfter",
    ],
    [
      "a budget for a reason that there is not",
      object(
        "NodePool",
        pool({}, { consolidateAfter: "5m", budgets: [{ nodes: "0", reasons: ["Expired"] }] }),
      ),
      "spec.disruption.budgets[0].reasons[0]",
    ],
  ];
  for (const [what, manifest, path] of refusals) {
    it(`refuse ${what}`, () => {
      expect(faults(manifest).map((fault) => fault.split(":")[0])).to.include(path);
    });
  }
});
