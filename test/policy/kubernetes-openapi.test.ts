import { expect } from "chai";
import { kubernetesSchema, openApiPaths, schemaText } from "../../policy/kubernetes-openapi.ts";

const core = "io.k8s.api.core.v1";
const ref = (type: string) => ({ $ref: `#/components/schemas/${core}.${type}` });

/** An API server's documents, in which every kind is a type of one field. */
function documents(field: object, more: object = {}) {
  const kinds = [
    ["ConfigMap", "Service", "ServiceAccount"],
    ["Deployment"],
    ["HorizontalPodAutoscaler"],
    ["Ingress", "NetworkPolicy"],
    ["PodDisruptionBudget"],
  ];
  return kinds.map((names) => ({
    components: {
      schemas: {
        ...more,
        ...Object.fromEntries(
          names.map((name) => [
            `${core}.${name}`,
            { type: "object", description: "long", properties: { field } },
          ]),
        ),
      },
    },
  }));
}

describe("kubernetesSchema", () => {
  it("has the kinds and what they need, strict and without words", () => {
    const { kinds, $defs } = kubernetesSchema(
      documents(
        { description: "long", default: {}, allOf: [ref("Inner")] },
        {
          [`${core}.Inner`]: {
            type: "object",
            required: ["port"],
            properties: {
              port: ref("Port"),
              self: { type: "array", items: ref("Inner"), "x-kubernetes-list-type": "atomic" },
              map: { type: "object", additionalProperties: { type: "string", format: "byte" } },
              choice: { type: "string", enum: ["a", "b"] },
            },
          },
          [`${core}.Port`]: { oneOf: [{ type: "integer" }, { type: "string" }] },
          [`${core}.Other`]: { type: "object" },
        },
      ),
    );
    expect(Object.keys(kinds)).to.have.length(8);
    expect(kinds).to.include({ "v1 Service": "Service", "apps/v1 Deployment": "Deployment" });
    expect(Object.keys($defs)).to.have.members([...Object.values(kinds), "Inner", "Port"]);
    const text: unknown = JSON.parse(schemaText({ kinds, $defs }));
    expect(text)
      .to.have.nested.property("$defs.Service")
      .that.deep.equals({
        type: "object",
        properties: { field: { $ref: "#/$defs/Inner" } },
        additionalProperties: false,
      });
    expect(text)
      .to.have.nested.property("$defs.Inner")
      .that.deep.equals({
        type: "object",
        required: ["port"],
        properties: {
          port: { $ref: "#/$defs/Port" },
          self: { type: "array", items: { $ref: "#/$defs/Inner" } },
          map: { type: "object", additionalProperties: { type: "string" } },
          choice: { type: "string", enum: ["a", "b"] },
        },
        additionalProperties: false,
      });
    expect(text)
      .to.have.nested.property("$defs.Port")
      .that.deep.equals({ type: ["integer", "string"] });
  });

  it("refuses a document without a kind", () => {
    const [first, , ...rest] = documents({ type: "string" });
    const none = { components: { schemas: {} } };
    expect(() => kubernetesSchema([first, none, ...rest])).to.throw(
      `/openapi/v3/${openApiPaths[1] ?? ""} has no Deployment.`,
    );
  });

  it("refuses what it does not understand, instead of leaving it out", () => {
    expect(() => kubernetesSchema(documents({ type: "string", maxLength: 3 }))).to.throw(
      "maxLength",
    );
  });

  it("refuses two types of one name", () => {
    const types = [`${core}.Port`, "io.k8s.api.other.v1.Port"];
    const [own, other] = types.map((type) => ({ $ref: `#/components/schemas/${type}` }));
    const field = { type: "object", properties: { own, other } };
    const more = Object.fromEntries(types.map((type) => [type, { type: "string" }]));
    expect(() => kubernetesSchema(documents(field, more))).to.throw("Two types have one name.");
  });
});
