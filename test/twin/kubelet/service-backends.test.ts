import { expect } from "chai";
import { Service } from "../../../twin/kubelet/pod.ts";
import { backendPorts } from "../../../twin/kubelet/service-backends.ts";
import type { ServingPod } from "../../../twin/kubelet/service-backends.ts";
import { podOf } from "./fakes.ts";

/** A Pod whose container port 8080, named http, is this machine's `local`. */
function pod(local: number | undefined, labels: object, namespace = "shop"): ServingPod {
  return {
    pod: podOf(
      {
        containers: [
          { name: "web", image: "w", ports: [{ name: "http", containerPort: 8080 }] },
          { name: "side", image: "s" },
        ],
      },
      { namespace, labels },
    ),
    readyPort: (port) => (port === 8080 ? local : undefined),
  };
}

const web = { app: "web", tier: "front" };
const target = { namespace: "shop", service: "web", port: 80 };

function serviceOf(targetPort?: number | string, selector: object | undefined = { app: "web" }) {
  return Service.parse({ spec: { selector, ports: [{ port: 80, targetPort }] } });
}

describe("backendPorts", () => {
  const pods = [
    pod(15_001, web),
    pod(15_002, web),
    pod(undefined, web),
    pod(15_003, { app: "other" }),
    pod(15_004, web, "elsewhere"),
  ];

  it("are those of the ready Pods that the Service selects", () => {
    expect(backendPorts(target, serviceOf("http"), pods)).to.deep.equal([15_001, 15_002]);
  });

  const targetPorts: [string, number | string | undefined, number, number[]][] = [
    ["its target port by number", 8080, 80, [15_001, 15_002]],
    ["a target port that no container has", 9090, 80, []],
    ["a name that no container has", "grpc", 80, []],
    ["its own number without a target port", undefined, 80, []],
    ["a port that is not the Service's", 8080, 81, []],
  ];
  for (const [what, targetPort, port, expected] of targetPorts) {
    it(`are ${expected.length} for ${what}`, () => {
      expect(backendPorts({ ...target, port }, serviceOf(targetPort), pods)).to.deep.equal(
        expected,
      );
    });
  }

  it("take every label of the selector", () => {
    const both = serviceOf("http", { app: "web", tier: "back" });
    expect(backendPorts(target, both, pods)).to.deep.equal([]);
  });

  it("are none for a Service without a selector", () => {
    const service = Service.parse({ spec: { ports: [{ port: 80, targetPort: 8080 }] } });
    expect(backendPorts(target, service, pods)).to.deep.equal([]);
  });

  it("are a stand-in's where the Service's own Pods are simulated", () => {
    const service = "argocd-redis-ha-haproxy";
    const redis = pod(15_005, { "app.kubernetes.io/name": "argocd-redis-ha" });
    const proxy = pod(15_006, { "app.kubernetes.io/name": service });
    const selector = { "app.kubernetes.io/name": service };
    expect(
      backendPorts({ ...target, service }, serviceOf("http", selector), [redis, proxy]),
    ).to.deep.equal([15_005]);
  });
});
