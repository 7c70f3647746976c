import { expect } from "chai";
import { Service } from "../../../twin/kubelet/pod.ts";
import { backends } from "../../../twin/kubelet/service-backends.ts";
import type { ServingPod } from "../../../twin/kubelet/service-backends.ts";
import type { Dial } from "../../../twin/kubelet/runtime.ts";
import { podOf } from "./fakes.ts";

/** A Pod whose container port 8080, named http, is reached by `dial`. */
function pod(dial: Dial | undefined, labels: object, namespace = "shop"): ServingPod {
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
    readyDial: (port) => (port === 8080 ? dial : undefined),
  };
}

/** Each is another Pod's. */
const dials = Array.from({ length: 6 }, (): Dial => () => Promise.reject(new Error("not called")));

const web = { app: "web", tier: "front" };
const target = { namespace: "shop", service: "web", port: 80 };

function serviceOf(targetPort?: number | string, selector: object | undefined = { app: "web" }) {
  return Service.parse({ spec: { selector, ports: [{ port: 80, targetPort }] } });
}

describe("backends", () => {
  const pods = [
    pod(dials[1], web),
    pod(dials[2], web),
    pod(undefined, web),
    pod(dials[3], { app: "other" }),
    pod(dials[4], web, "elsewhere"),
  ];

  it("are those of the ready Pods that the Service selects", () => {
    expect(backends(target, serviceOf("http"), pods)).to.deep.equal([dials[1], dials[2]]);
  });

  const targetPorts: [string, number | string | undefined, number, (Dial | undefined)[]][] = [
    ["its target port by number", 8080, 80, [dials[1], dials[2]]],
    ["a target port that no container has", 9090, 80, []],
    ["a name that no container has", "grpc", 80, []],
    ["its own number without a target port", undefined, 80, []],
    ["a port that is not the Service's", 8080, 81, []],
  ];
  for (const [what, targetPort, port, expected] of targetPorts) {
    it(`are ${expected.length} for ${what}`, () => {
      expect(backends({ ...target, port }, serviceOf(targetPort), pods)).to.deep.equal(expected);
    });
  }

  it("take every label of the selector", () => {
    const both = serviceOf("http", { app: "web", tier: "back" });
    expect(backends(target, both, pods)).to.deep.equal([]);
  });

  it("are none for a Service without a selector", () => {
    const service = Service.parse({ spec: { ports: [{ port: 80, targetPort: 8080 }] } });
    expect(backends(target, service, pods)).to.deep.equal([]);
  });

  it("are a stand-in's where the Service's own Pods are simulated", () => {
    const service = "argocd-redis-ha-haproxy";
    const redis = pod(dials[5], { "app.kubernetes.io/name": "argocd-redis-ha" });
    const proxy = pod(dials[6], { "app.kubernetes.io/name": service });
    const selector = { "app.kubernetes.io/name": service };
    expect(
      backends({ ...target, service }, serviceOf("http", selector), [redis, proxy]),
    ).to.deep.equal([dials[5]]);
  });
});
