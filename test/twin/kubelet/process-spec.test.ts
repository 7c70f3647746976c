import { expect } from "chai";
import { PodConfigError } from "../../../twin/kubelet/pod.ts";
import type { Sources } from "../../../twin/kubelet/pod.ts";
import { localPort, processSpec, serviceAddresses } from "../../../twin/kubelet/process-spec.ts";
import type { ProcessPlan } from "../../../twin/kubelet/process-spec.ts";
import { socketPlaceholder } from "../../../twin/cluster/workloads.ts";
import type { Workload } from "../../../twin/cluster/workloads.ts";
import { firstContainer, podOf } from "./fakes.ts";

const workload: Workload = {
  appName: "argocd-server",
  container: "server",
  image: "argoproj/argocd",
  program: "argocd-server",
  ports: [8080],
  listenArguments: (port, namespace) => [`--port=${port(8080)}`, `--namespace=${namespace}`],
  podCommand: "program and arguments",
  environment: { CONFIG: "/app/config", LEVEL: "info", SOCKET: socketPlaceholder },
  serviceVariables: { REDIS: "redis:6379", REPO: "repo:8081" },
  imageFolders: ["/app/config"],
};

const pod = podOf({
  containers: [
    {
      name: "server",
      image: "argoproj/argocd",
      command: ["argocd-server", "--level=$(LEVEL)"],
      args: ["--dir=/data/x", "--out=/tmp"],
      env: [
        { name: "LEVEL", value: "debug" },
        { name: "DATA", value: "/data" },
        { name: "REPO", value: "other-repo:1" },
        { name: "REDIS", value: "" },
        { name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k", optional: true } } },
      ],
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
  ],
});
const container = firstContainer(pod);
const sources: Sources = { configMap: () => undefined, secret: () => undefined, field: () => "" };

function plan(changes: Partial<ProcessPlan> = {}): ProcessPlan {
  return {
    pod,
    container,
    workload,
    sources,
    name: "1.c.pod.shop.web-0.server",
    command: "/tools/argocd-server",
    path: "/tools:/bin",
    root: "/pods/u1/server/root",
    socket: "/s/ab",
    ports: { 8080: 15_080 },
    services: { REDIS: "127.0.0.1:15379", REPO: "127.0.0.1:15081" },
    endpoint: "https://127.0.0.1:16443",
    credentials: { AWS_PROFILE: "idp-twin-dev" },
    kubeconfig: "/pods/u1/server/kubeconfig",
    ...changes,
  };
}

describe("processSpec", () => {
  it("joins the Pod, its workload and this machine", () => {
    expect(processSpec(plan())).to.deep.equal({
      name: "1.c.pod.shop.web-0.server",
      command: "/tools/argocd-server",
      args: [
        "--level=debug",
        "--dir=/pods/u1/server/root/data/x",
        "--out=/pods/u1/server/root/tmp",
        "--port=15080",
        "--namespace=shop",
      ],
      env: {
        PATH: "/tools:/bin",
        HOME: "/pods/u1/server/root/root",
        TMPDIR: "/pods/u1/server/root/tmp",
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: "16443",
        AWS_PROFILE: "idp-twin-dev",
        CONFIG: "/pods/u1/server/root/app/config",
        LEVEL: "debug",
        SOCKET: "/s/ab",
        DATA: "/pods/u1/server/root/data",
        KUBECONFIG: "/pods/u1/server/kubeconfig",
        REDIS: "127.0.0.1:15379",
        REPO: "127.0.0.1:15081",
      },
      cwd: "/pods/u1/server/root",
    });
  });

  it("names no kubeconfig where no token is mounted", () => {
    expect(processSpec(plan({ kubeconfig: undefined })).env).not.to.have.property("KUBECONFIG");
  });

  const passed: [Workload["podCommand"], string[]][] = [
    ["program and arguments", ["--level=debug", "/x"]],
    ["arguments", ["argocd-server", "--level=debug", "/x"]],
    ["for another program", []],
  ];
  for (const [podCommand, expected] of passed) {
    it(`passes ${expected.length} words of a command line that is ${podCommand}`, () => {
      const spec = processSpec(
        plan({
          workload: { ...workload, podCommand, listenArguments: () => [] },
          container: { ...container, args: ["/x"] },
        }),
      );
      expect(spec.args).to.deep.equal(expected);
    });
  }

  it("gives a variable of the Pod under the program's name as well", () => {
    const aliases = { REDIS_PASSWORD: "LEVEL", NOTHING: "NO" };
    const { env } = processSpec(plan({ workload: { ...workload, aliases } }));
    expect(env).to.deep.include({ LEVEL: "debug", REDIS_PASSWORD: "debug", NOTHING: "" });
  });

  it("is the same for the same plan", () => {
    expect(processSpec(plan())).to.deep.equal(processSpec(plan()));
  });

  it("refuses a port that nobody gave it, and a source that is missing", () => {
    expect(() => processSpec(plan({ ports: {} }))).to.throw(
      PodConfigError,
      "container server: the twin does not play its port 8080",
    );
    const env = [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
    expect(() => processSpec(plan({ container: { ...container, env } }))).to.throw(
      PodConfigError,
      'Secret "s" not found',
    );
  });
});

describe("serviceAddresses", () => {
  it("are the Pod's own, else what the program would take", () => {
    expect(serviceAddresses(container, workload, sources)).to.deep.equal({
      REDIS: "redis:6379",
      REPO: "other-repo:1",
    });
  });
});

describe("localPort", () => {
  it("is this machine's port for a container port", () => {
    expect(localPort({ 8080: 15_080 }, container, 8080)).to.equal(15_080);
  });
});
