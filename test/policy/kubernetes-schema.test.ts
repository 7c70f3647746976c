import { expect } from "chai";
import { schemaFaults } from "../../policy/kubernetes-schema.ts";

const container = {
  name: "a",
  ports: [{ containerPort: 80 }],
  resources: { limits: { cpu: "1" } },
};

function deployment(pod: object, spec: object = {}) {
  const labels = { app: "a" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a", labels },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: pod },
      ...spec,
    },
  };
}

describe("schemaFaults", () => {
  const cases: [title: string, manifest: object, expected: string[]][] = [
    ["nothing in a manifest that is in order", deployment({ containers: [container] }), []],
    [
      "a field the API does not have",
      deployment({ containers: [{ ...container, imagePolicy: "Always" }] }),
      [".spec.template.spec.containers[0].imagePolicy: is unknown to V1Container"],
    ],
    [
      "a required field that is missing",
      deployment({}, { selector: undefined }),
      [".spec.template.spec.containers: is missing", ".spec.selector: must be a map"],
    ],
    [
      "a list that is none",
      deployment({ containers: container }),
      [".spec.template.spec.containers: must be a list"],
    ],
    [
      "text for a number, and the reverse",
      deployment({
        containers: [
          { ...container, ports: [{ containerPort: "80" }], resources: { limits: { cpu: 1 } } },
        ],
      }),
      [
        ".spec.template.spec.containers[0].ports[0].containerPort: must be a number",
        ".spec.template.spec.containers[0].resources.limits.cpu: must be a string",
      ],
    ],
    [
      "neither number nor text",
      deployment({
        containers: [{ ...container, livenessProbe: { httpGet: { port: true } } }],
      }),
      [
        ".spec.template.spec.containers[0].livenessProbe.httpGet.port: must be a number or a string",
      ],
    ],
  ];
  for (const [title, manifest, expected] of cases) {
    it(`finds ${title}`, () => {
      expect(schemaFaults(manifest, "V1Deployment")).to.have.members(expected);
    });
  }
});
