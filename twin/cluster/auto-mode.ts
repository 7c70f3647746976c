/**
 * The kinds that EKS installs in Auto Mode, limited to those of which the program creates objects, and of these to the
 * fields that it sets: an object with another one is refused. The twin stores such objects but nothing acts on them: it
 * has no load balancer, and its nodes are there from the beginning.
 *
 * NodePool follows Karpenter's definition of v1 (kubernetes-sigs/karpenter, pkg/apis/crds), with the life that EKS allows.
 * EKS publishes no definition of NodeClass: this one follows its user guide, "Create a Node Class for Amazon EKS".
 */

/** A part of an OpenAPI schema, as the API server reads it. */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const listOf = (items: Schema, rest: Schema = {}): Schema => ({ type: "array", items, ...rest });
const object = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
  rest: Schema = {},
): Schema => ({ type: "object", properties, ...(required.length > 0 && { required }), ...rest });
const oneOf = (...values: readonly string[]): Schema => ({ type: "string", enum: values });
const matching = (pattern: RegExp, rest: Schema = {}): Schema => ({
  ...text,
  pattern: pattern.source,
  ...rest,
});
/** Rules that a schema cannot say otherwise, in CEL. */
const valid = (rule: string, message: string): Schema => ({
  "x-kubernetes-validations": [{ rule, message }],
});

/** Returns the definition of a kind without a namespace. */
function definition(group: string, kind: string, plural: string, spec: Schema, rest: Schema = {}) {
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: object({ spec }, ["spec"], rest) },
        },
      ],
    },
  };
}

const ingressClassParams = definition(
  "eks.amazonaws.com",
  "IngressClassParams",
  "ingressclassparams",
  { type: "object", "x-kubernetes-preserve-unknown-fields": true },
);

/** Subnets or security groups: each term by id or by tags. */
const terms = listOf(
  object({ id: text, tags: { type: "object", additionalProperties: text } }, [], {
    ...valid("has(self.id) != has(self.tags)", "expected either id or tags"),
  }),
  { minItems: 1, maxItems: 30 },
);

const nodeClass = definition(
  "eks.amazonaws.com",
  "NodeClass",
  "nodeclasses",
  object(
    {
      role: { ...text, minLength: 1 },
      subnetSelectorTerms: terms,
      securityGroupSelectorTerms: terms,
      advancedNetworking: object({ associatePublicIPAddress: { type: "boolean" } }),
      tags: { type: "object", additionalProperties: text },
    },
    ["role", "subnetSelectorTerms", "securityGroupSelectorTerms"],
  ),
  valid("self.metadata.name != 'default'", "default is the NodeClass of the built-in pools"),
);

/** A duration such as 480h. */
const duration = /^([0-9]+(s|m|h))+$/;

const budgets = listOf(
  object(
    {
      nodes: matching(/^((100|[0-9]{1,2})%|[0-9]+)$/),
      reasons: listOf(oneOf("Underutilized", "Empty", "Drifted"), { maxItems: 50 }),
      schedule: matching(
        /^(@(annually|yearly|monthly|weekly|daily|midnight|hourly))|((.+)\s(.+)\s(.+)\s(.+)\s(.+))$/,
      ),
      duration: matching(/^((([0-9]+(h|m))|([0-9]+h[0-9]+m))(0s)?)$/),
    },
    ["nodes"],
  ),
  {
    maxItems: 50,
    ...valid(
      "self.all(x, has(x.schedule) == has(x.duration))",
      "'schedule' must be set with 'duration'",
    ),
  },
);

const requirements = listOf(
  object(
    {
      key: text,
      operator: oneOf("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
      values: listOf(text),
    },
    ["key", "operator"],
  ),
  { maxItems: 100 },
);

const nodePool = definition(
  "karpenter.sh",
  "NodePool",
  "nodepools",
  object(
    {
      weight: { type: "integer", minimum: 1, maximum: 100 },
      limits: {
        type: "object",
        additionalProperties: {
          anyOf: [{ type: "integer" }, { type: "string" }],
          "x-kubernetes-int-or-string": true,
        },
      },
      disruption: object(
        {
          consolidationPolicy: oneOf("WhenEmpty", "WhenEmptyOrUnderutilized"),
          consolidateAfter: { ...text, pattern: `${duration.source}|^Never$` },
          budgets,
        },
        ["consolidateAfter"],
      ),
      template: object(
        {
          spec: object(
            {
              nodeClassRef: object({ group: text, kind: text, name: text }, [
                "group",
                "kind",
                "name",
              ]),
              requirements,
              expireAfter: matching(duration, { default: "336h", maxLength: 20 }),
              terminationGracePeriod: matching(duration, { maxLength: 20 }),
            },
            ["nodeClassRef", "requirements"],
            valid(
              "duration(self.expireAfter) + (has(self.terminationGracePeriod) ? duration(self.terminationGracePeriod) : duration('24h')) <= duration('504h')",
              "the sum of expireAfter and terminationGracePeriod (defaulted to 24h) may not exceed 21 days",
            ),
          ),
        },
        ["spec"],
      ),
    },
    ["template"],
  ),
);

/** The definitions, as the API server takes them. */
export const autoModeKinds = [ingressClassParams, nodeClass, nodePool];
