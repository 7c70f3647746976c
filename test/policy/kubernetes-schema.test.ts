import { expect } from "chai";
import { kubernetesFaults, kubernetesOf } from "../../policy/kubernetes-schema.ts";

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

/** `path: found; allowed` of each fault; undefined for a kind that the schema does not have. */
function faults(manifest: Parameters<typeof kubernetesFaults>[0]): string[] | undefined {
  const kubernetes = kubernetesOf("1.36");
  if (!kubernetes) throw new Error("There is no schema of Kubernetes 1.36.");
  return kubernetesFaults(manifest, kubernetes)?.map(
    ({ path, found, allowed }) => `${path}: ${found}; ${allowed}`,
  );
}

describe("kubernetesFaults", () => {
  const pod = "spec.template.spec";
  const cases: [title: string, manifest: Readonly<Record<string, unknown>>, expected: string[]][] =
    [
      ["nothing in a manifest that is in order", deployment({ containers: [container] }), []],
      [
        "a field that the API does not have",
        deployment({ containers: [{ ...container, imagePolicy: "Always" }] }),
        [`${pod}.containers[0].imagePolicy: an unknown field; must be a field of Container`],
      ],
      [
        "a required field that is missing",
        deployment({}, { selector: undefined }),
        ["spec.selector: nothing; must be there", `${pod}.containers: nothing; must be there`],
      ],
      [
        "a map for a list",
        deployment({ containers: { name: "a" } }),
        [`${pod}.containers: {"name":"a"}; must be a list`],
      ],
      [
        "text for a number",
        deployment({ containers: [{ ...container, ports: [{ containerPort: "80" }] }] }),
        [`${pod}.containers[0].ports[0].containerPort: "80"; must be a whole number`],
      ],
      [
        "a number for text, in a map whose keys are numbers and have slashes",
        {
          ...deployment({ containers: [container] }),
          metadata: { name: "a", labels: { app: "a", "8080": 1, "a/b": 2 } },
        },
        [`metadata.labels.8080: 1; must be a string`, `metadata.labels.a/b: 2; must be a string`],
      ],
      [
        "a word that is none of a field's words",
        deployment({ containers: [{ ...container, imagePullPolicy: "Allways" }] }),
        [
          `${pod}.containers[0].imagePullPolicy: "Allways"; must be one of "Always", "IfNotPresent", "Never"`,
        ],
      ],
      [
        "neither number nor text",
        deployment({ containers: [{ ...container, livenessProbe: { httpGet: { port: true } } }] }),
        [
          `${pod}.containers[0].livenessProbe.httpGet.port: true; must be a whole number or a string`,
        ],
      ],
      [
        "nothing in a quantity that is a number",
        deployment({ containers: [{ ...container, resources: { limits: { cpu: 0.5 } } }] }),
        [],
      ],
    ];
  for (const [title, manifest, expected] of cases) {
    it(`finds ${title}`, () => {
      expect(faults(manifest)).to.have.members(expected);
    });
  }

  it("knows the kinds that the platform makes, and no other", () => {
    expect(Object.keys(kubernetesOf("1.36")?.kinds ?? {})).to.deep.equal([
      "v1 ConfigMap",
      "v1 Service",
      "v1 ServiceAccount",
      "apps/v1 Deployment",
      "autoscaling/v2 HorizontalPodAutoscaler",
      "networking.k8s.io/v1 Ingress",
      "networking.k8s.io/v1 NetworkPolicy",
      "policy/v1 PodDisruptionBudget",
    ]);
    expect(faults({ apiVersion: "apps/v1", kind: "StatefulSet" })).to.equal(undefined);
    expect(kubernetesOf("1.20")).to.equal(undefined);
  });
});
