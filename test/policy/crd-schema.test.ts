import { expect } from "chai";
import { customFaults, customSchemas } from "../../policy/crd-schema.ts";
import { kubernetesOf } from "../../policy/kubernetes-schema.ts";

const schema = {
  type: "object",
  required: ["spec"],
  properties: {
    apiVersion: { type: "string" },
    metadata: { type: "object" },
    spec: {
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "integer" },
        ratio: { type: "number" },
        port: { "x-kubernetes-int-or-string": true },
        on: { type: "boolean", nullable: true },
        colour: { type: "string", enum: ["blue", "red"], pattern: "^[a-z]+$" },
        name: { type: "string", pattern: "^[a-z]+$" },
        list: { type: "array", items: { type: "object", properties: { a: { type: "string" } } } },
        labels: { type: "object", additionalProperties: { type: "string" } },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        any: { type: "object", additionalProperties: true },
        free: { "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  },
};
const thing = (spec: object) => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name: "a" },
  spec: { size: 1, ...spec },
});

/** `path: found; allowed` of each fault. */
function faults(manifest: Parameters<typeof customFaults>[0]): string[] {
  const kubernetes = kubernetesOf("1.36");
  if (!kubernetes) throw new Error("There is no schema of Kubernetes 1.36.");
  return customFaults(manifest, schema, kubernetes).map(
    ({ path, found, allowed }) => `${path}: ${found}; ${allowed}`,
  );
}

describe("customFaults", () => {
  const cases: readonly (readonly [title: string, spec: object, expected: readonly string[]])[] = [
    [
      "nothing in what is in order",
      {
        ratio: 0.5,
        port: "http",
        on: null,
        colour: "blue",
        name: "a",
        list: [{ a: "x" }, {}],
        labels: { b: "c" },
        open: { any: [1] },
        any: { thing: 1 },
        free: [1, { a: 2 }],
      },
      [],
    ],
    [
      "a field that the kind does not have",
      { sise: 2 },
      ["spec.sise: an unknown field; must be a field of the kind"],
    ],
    [
      "the same in a list",
      { list: [{ b: 1 }] },
      ["spec.list[0].b: an unknown field; must be a field of the kind"],
    ],
    [
      "a required field that is missing",
      { size: undefined },
      ["spec.size: nothing; must be there"],
    ],
    ["a number for a text", { name: 1 }, ["spec.name: 1; must be a string"]],
    ["a fraction for a whole number", { size: 1.5 }, ["spec.size: 1.5; must be a whole number"]],
    ["a text for a number", { ratio: "1" }, ['spec.ratio: "1"; must be a number']],
    ["a text for yes or no", { on: "yes" }, ['spec.on: "yes"; must be true or false']],
    [
      "nothing where it must be something",
      { name: null },
      ["spec.name: nothing; must be a string"],
    ],
    ["a map for a list", { list: {} }, ["spec.list: {}; must be a list"]],
    ["a list for a map", { labels: [] }, ["spec.labels: []; must be a map"]],
    ["a wrong value in a map", { labels: { b: 1 } }, ["spec.labels.b: 1; must be a string"]],
    [
      "what is neither number nor text",
      { port: true },
      ["spec.port: true; must be a whole number or a string"],
    ],
    ["another choice", { colour: "green" }, ['spec.colour: "green"; must be one of "blue", "red"']],
    ["another form", { name: "A" }, ['spec.name: "A"; must match pattern "^[a-z]+$"']],
  ];
  for (const [title, spec, expected] of cases) {
    it(`says ${title}`, () => {
      expect(faults(thing(spec))).to.deep.equal(expected);
    });
  }

  it("knows what every object has, and no more", () => {
    const { spec, ...rest } = thing({});
    expect(faults({ ...rest, metadata: { name: "a", lables: {} }, specs: spec })).to.deep.equal([
      "spec: nothing; must be there",
      "specs: an unknown field; must be a field of the kind",
      "metadata.lables: an unknown field; must be a field of ObjectMeta",
    ]);
  });
});

describe("customSchemas", () => {
  it("takes the schemas of the versions that are served", () => {
    const definition = (kind: string) => ({
      apiVersion: "apiextensions.k8s.io/v1",
      kind,
      spec: {
        group: "example.com",
        names: { kind: "Thing" },
        versions: [
          { name: "v1", served: true, schema: { openAPIV3Schema: schema } },
          { name: "v1beta1", served: false, schema: { openAPIV3Schema: {} } },
        ],
      },
    });
    expect([
      ...customSchemas([definition("CustomResourceDefinition"), definition("ConfigMap")]),
    ]).to.deep.equal([["example.com/v1 Thing", schema]]);
  });
});
