import { removeTree } from "../../../lib/remove-tree.ts";
import { expect } from "chai";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measuredMetrics, millicores, podMetrics } from "../../../twin/kubelet/metrics.ts";
import { expand, podEnvironment } from "../../../twin/kubelet/pod-environment.ts";
import { backoffSeconds, podStatus } from "../../../twin/kubelet/pod-status.ts";
import type { ContainerRuntime } from "../../../twin/kubelet/pod-status.ts";
import { pathRewriter, volumeFiles, writeVolumes } from "../../../twin/kubelet/pod-volumes.ts";
import { Pod, podField, readsContents } from "../../../twin/kubelet/pod.ts";
import type { Content, Sources } from "../../../twin/kubelet/pod.ts";
import { probeTarget, withoutCommand } from "../../../twin/kubelet/probe.ts";
import { parseServiceAddress } from "../../../twin/kubelet/service-ports.ts";

function content(data: Record<string, string>): Content {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]));
}

const sources: Sources = {
  configMap: (name) =>
    name === "params" ? content({ level: "debug", server: "redis:6379" }) : undefined,
  secret: (name) => (name === "redis" ? content({ auth: "s3cret" }) : undefined),
  field: (path) => `<${path}>`,
};

const pod = Pod.parse({
  metadata: { name: "web-0", namespace: "shop", uid: "u1", labels: { app: "web" } },
  spec: {
    nodeName: "node-a",
    serviceAccountName: "web",
    initContainers: [{ name: "init", image: "i" }],
    containers: [
      {
        name: "web",
        image: "w",
        ports: [{ name: "http", containerPort: 8080 }],
        readinessProbe: { httpGet: { path: "/ready", port: "http" } },
      },
      { name: "side", image: "s" },
    ],
  },
});
const [web] = pod.spec.containers;
if (web === undefined) throw new Error("no container");

describe("expand", () => {
  it("replaces what is known, keeps what is not, and takes $$ for a literal $", () => {
    expect(expand("$(A)-$(B)-$$(A)-$A", { A: "1" })).to.equal("1-$(B)-$(A)-$A");
  });
});

describe("podEnvironment", () => {
  it("takes envFrom first, then env in order, each seeing those before it", () => {
    const environment = podEnvironment(
      {
        ...web,
        envFrom: [
          { prefix: "P_", configMapRef: { name: "params" } },
          { secretRef: { name: "redis" } },
        ],
        env: [
          { name: "HOST", value: "a" },
          { name: "URL", value: "http://$(HOST)/$(LATER)" },
          { name: "LATER", value: "x" },
          { name: "P_level", value: "info" },
          { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "params", key: "level" } } },
          { name: "AUTH", valueFrom: { secretKeyRef: { name: "redis", key: "auth" } } },
          { name: "NS", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
          {
            name: "NONE",
            valueFrom: { configMapKeyRef: { name: "params", key: "no", optional: true } },
          },
          {
            name: "NOWHERE",
            valueFrom: { secretKeyRef: { name: "no", key: "no", optional: true } },
          },
        ],
      },
      sources,
    );
    expect(environment).to.deep.equal({
      P_level: "info",
      P_server: "redis:6379",
      auth: "s3cret",
      HOST: "a",
      URL: "http://a/$(LATER)",
      LATER: "x",
      LEVEL: "debug",
      AUTH: "s3cret",
      NS: "<metadata.namespace>",
    });
  });

  const refused: [string, object, string][] = [
    [
      "a missing ConfigMap",
      { configMapKeyRef: { name: "no", key: "k" } },
      'ConfigMap "no" not found',
    ],
    [
      "a missing key",
      { secretKeyRef: { name: "redis", key: "k" } },
      "couldn't find key k in Secret redis",
    ],
    [
      "an unknown source",
      { resourceFieldRef: { resource: "limits.cpu" } },
      "variable V comes from a source that the twin does not know",
    ],
  ];
  for (const [what, valueFrom, message] of refused) {
    it(`refuses ${what}`, () => {
      const container = { ...web, env: [{ name: "V", valueFrom }] };
      expect(() => podEnvironment(container, sources)).to.throw(message);
    });
  }
});

describe("podField", () => {
  const addresses = { podIP: "10.245.0.1", hostIP: "10.243.0.1" };

  it("reads names, labels and addresses", () => {
    const read = [
      "metadata.name",
      "metadata.labels['app']",
      "metadata.annotations['none']",
      "status.podIP",
    ].map((path) => podField(pod, path, addresses));
    expect(read).to.deep.equal(["web-0", "web", "", "10.245.0.1"]);
  });

  it("refuses a field that it does not know", () => {
    expect(() => podField(pod, "spec.hostname", addresses)).to.throw("field spec.hostname");
  });
});

describe("readsContents", () => {
  const volume = (source: object) => ({ containers: [web], volumes: [{ name: "v", ...source }] });
  const env = (valueFrom: object) => ({
    containers: [{ ...web, env: [{ name: "V", valueFrom }] }],
  });
  const cases: [string, object, boolean][] = [
    ["nothing", { containers: [web] }, false],
    [
      "a variable's own value",
      { containers: [{ ...web, env: [{ name: "V", value: "configMap" }] }] },
      false,
    ],
    ["a field", env({ fieldRef: { fieldPath: "metadata.name" } }), false],
    ["a ConfigMap's key", env({ configMapKeyRef: { name: "c", key: "k" } }), true],
    ["a Secret's key", env({ secretKeyRef: { name: "s", key: "k" } }), true],
    [
      "a ConfigMap",
      { containers: [web, { ...web, envFrom: [{ configMapRef: { name: "c" } }] }] },
      true,
    ],
    [
      "a Secret",
      { containers: [{ ...web, envFrom: [{ prefix: "P", secretRef: { name: "s" } }] }] },
      true,
    ],
    [
      "a Secret's key in an init container",
      {
        containers: [web],
        initContainers: [
          { ...web, ...env({ secretKeyRef: { name: "s", key: "k" } }).containers[0] },
        ],
      },
      true,
    ],
    ["a folder of its own", volume({ emptyDir: {} }), false],
    ["fields as files", volume({ downwardAPI: { items: [] } }), false],
    ["a ConfigMap's files", volume({ configMap: { name: "c" } }), true],
    ["a Secret's files", volume({ secret: { secretName: "s" } }), true],
    [
      "a token",
      volume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
      false,
    ],
    [
      "the API server's certificate",
      volume({
        projected: {
          sources: [
            { serviceAccountToken: { path: "t" } },
            { configMap: { name: "kube-root-ca.crt" } },
          ],
        },
      }),
      true,
    ],
    [
      "a Secret among others",
      volume({ projected: { sources: [{ secret: { name: "s" } }] } }),
      true,
    ],
  ];
  for (const [what, spec, expected] of cases) {
    it(`is ${String(expected)} for a Pod that reads ${what}`, () => {
      const { metadata } = pod;
      expect(readsContents(Pod.parse({ metadata, spec }))).to.equal(expected);
    });
  }
});

describe("pathRewriter", () => {
  const rewrite = pathRewriter(["/app/config", "/app/config/tls", "/tmp", "/"], "/pods/u1");

  const cases: [string, string][] = [
    ["/tmp", "/pods/u1/tmp"],
    ["--conf=/app/config/registries.conf", "--conf=/pods/u1/app/config/registries.conf"],
    ["ext:/app/config/tls/x", "ext:/pods/u1/app/config/tls/x"],
    ["a: /tmp\nb: /tmp/x", "a: /pods/u1/tmp\nb: /pods/u1/tmp/x"],
    ["/tmpfile", "/tmpfile"],
    ["/var/tmp", "/var/tmp"],
    ["/app/configuration", "/app/configuration"],
    ["https://host/tmp", "https://host/tmp"],
    ["/", "/"],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} -> ${JSON.stringify(expected)}`, () => {
      expect(rewrite(text)).to.equal(expected);
    });
  }
});

describe("volumeFiles", () => {
  const noToken = (): string => "";
  const files = (volume: object): Record<string, string> | undefined => {
    const found = volumeFiles(
      { name: "v", ...volume },
      sources,
      ({ audience }) => `token for ${audience ?? "all"}`,
    );
    return found && Object.fromEntries([...found].map(([path, value]) => [path, value.toString()]));
  };

  it("takes all keys, or the named ones under their path", () => {
    expect(files({ configMap: { name: "params" } })).to.deep.equal({
      level: "debug",
      server: "redis:6379",
    });
    expect(
      files({ secret: { secretName: "redis", items: [{ key: "auth", path: "a/b" }] } }),
    ).to.deep.equal({ "a/b": "s3cret" });
  });

  it("is empty for what is optional and missing", () => {
    expect(files({ configMap: { name: "no", optional: true } })).to.deep.equal({});
    expect(
      files({ configMap: { name: "params", optional: true, items: [{ key: "no", path: "no" }] } }),
    ).to.deep.equal({});
  });

  it("joins a projected volume's sources", () => {
    expect(
      files({
        projected: {
          sources: [
            { serviceAccountToken: { path: "token", audience: "sts" } },
            { configMap: { name: "params", items: [{ key: "level", path: "l" }] } },
            {
              downwardAPI: {
                items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }],
              },
            },
          ],
        },
      }),
    ).to.deep.equal({ token: "token for sts", l: "debug", namespace: "<metadata.namespace>" });
  });

  it("has no files for an emptyDir", () => {
    expect(files({ emptyDir: {} })).to.be.undefined;
  });

  it("refuses what is missing, and a kind that the twin does not have", () => {
    expect(() =>
      volumeFiles({ name: "v", secret: { secretName: "no" } }, sources, noToken),
    ).to.throw('Secret "no" not found');
    expect(() => volumeFiles({ name: "v", hostPath: {} }, sources, noToken)).to.throw(
      "volume v is a hostPath",
    );
  });
});

describe("writeVolumes", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-pod-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const container = {
    ...web,
    volumeMounts: [
      { name: "home", mountPath: "/home/app" },
      { name: "config", mountPath: "/home/app/params" },
      { name: "keys", mountPath: "/app/id_rsa", subPath: "key" },
    ],
  };
  const volumes = [
    { name: "home", emptyDir: {} },
    { name: "config", configMap: { name: "c" } },
    { name: "keys", secret: { secretName: "s" } },
  ];
  const write = (config: Record<string, string>): string => {
    const root = join(folder, "root");
    writeVolumes(
      container,
      volumes,
      { root, volumes: join(folder, "own"), shared: join(folder, "shared") },
      ({ name }) =>
        name === "home"
          ? undefined
          : name === "config"
            ? new Map(content(config))
            : new Map(content({ key: "/home/app" })),
      pathRewriter(["/home/app"], root),
    );
    return root;
  };

  it("links mounts, also one in another, rewrites ConfigMaps and leaves secrets as they are", () => {
    const root = write({ conf: "dir=/home/app/x" });
    expect(readFileSync(join(root, "home/app/params/conf"), "utf8")).to.equal(
      `dir=${root}/home/app/x`,
    );
    expect(readFileSync(join(root, "app/id_rsa"), "utf8")).to.equal("/home/app");
    expect(statSync(join(root, "app/id_rsa")).mode & 0o777).to.equal(0o600);
    expect(lstatSync(join(root, "home/app")).isSymbolicLink()).to.be.true;
  });

  it("lets the Pod execute what its volume says it may", () => {
    const items = [
      { key: "login", path: "login.sh", mode: 0o555 },
      { key: "conf", path: "conf" },
    ];
    writeVolumes(
      { ...web, volumeMounts: [{ name: "config", mountPath: "/etc/app" }] },
      [{ name: "config", configMap: { name: "c", items } }],
      { root: join(folder, "root"), volumes: join(folder, "own"), shared: join(folder, "shared") },
      () => new Map(content({ "login.sh": "#!/bin/sh", conf: "x" })),
      (text) => text,
    );
    const mode = (file: string) => statSync(join(folder, "root/etc/app", file)).mode & 0o777;
    expect([mode("login.sh"), mode("conf")]).to.deep.equal([0o700, 0o600]);
  });

  it("brings files up to date and keeps what the Pod wrote", () => {
    const root = write({ a: "1", b: "1" });
    writeFileSync(join(root, "home/app/own"), "mine");
    write({ a: "2" });
    expect(readFileSync(join(root, "home/app/params/a"), "utf8")).to.equal("2");
    expect(existsSync(join(root, "home/app/params/b"))).to.be.false;
    expect(readFileSync(join(root, "home/app/own"), "utf8")).to.equal("mine");
  });

  it("is removed also where nobody may look", () => {
    mkdirSync(join(folder, "tree/locked/deep"), { recursive: true });
    chmodSync(join(folder, "tree/locked"), 0o300);
    removeTree(join(folder, "tree"));
    expect(existsSync(join(folder, "tree"))).to.be.false;
    removeTree(join(folder, "tree"));
  });
});

describe("podStatus", () => {
  const now = "2026-01-01T00:00:10Z";
  const completed: ContainerRuntime = {
    state: { terminated: { exitCode: 0, reason: "Completed", finishedAt: now } },
    ready: true,
    restartCount: 0,
  };
  const runs: ContainerRuntime = {
    state: { running: { startedAt: now } },
    ready: true,
    restartCount: 0,
    id: "process://7",
  };
  const status = (init: Record<string, ContainerRuntime>, main: Record<string, ContainerRuntime>) =>
    podStatus(
      pod,
      {
        podIP: "10.245.0.1",
        hostIP: "10.243.0.1",
        startTime: now,
        initContainers: new Map(Object.entries(init)),
        containers: new Map(Object.entries(main)),
      },
      [],
      now,
    );
  const summary = ({ phase, conditions }: ReturnType<typeof status>): string =>
    [phase, ...conditions.filter(({ status: is }) => is === "True").map(({ type }) => type)].join(
      " ",
    );

  it("is pending while it initializes", () => {
    const found = status({}, {});
    expect(summary(found)).to.equal("Pending PodScheduled");
    expect(found.conditions[1]?.message).to.equal("containers with incomplete status: [init]");
    expect(found.containerStatuses[0]?.state).to.deep.equal({
      waiting: { reason: "PodInitializing" },
    });
  });

  it("runs and is not ready while a container is not", () => {
    const found = status({ init: completed }, { web: { ...runs, ready: false }, side: runs });
    expect(summary(found)).to.equal("Running PodScheduled Initialized");
    expect(found.conditions[3]?.message).to.equal("containers with unready status: [web]");
    expect(found.containerStatuses[0]?.containerID).to.equal("process://7");
  });

  it("is ready when all are, and then takes the reason away", () => {
    const found = status({ init: completed }, { web: runs, side: runs });
    expect(summary(found)).to.equal("Running PodScheduled Initialized ContainersReady Ready");
    expect(found.conditions.map(({ reason }) => reason)).to.deep.equal([null, null, null, null]);
  });

  const failed: ContainerRuntime = {
    state: { terminated: { exitCode: 1, reason: "Error", finishedAt: now } },
    ready: false,
    restartCount: 1,
  };

  it("is not initialized by an init container that failed and is started again", () => {
    const waits: ContainerRuntime = {
      ...failed,
      state: { waiting: { reason: "CrashLoopBackOff" } },
    };
    expect(summary(status({ init: waits }, {}))).to.equal("Pending PodScheduled");
  });

  const ended: [
    string,
    Record<string, ContainerRuntime>,
    Record<string, ContainerRuntime>,
    string,
  ][] = [
    ["failed when an init container failed for good", { init: failed }, {}, "Failed"],
    [
      "succeeded when all have",
      { init: completed },
      { web: completed, side: completed },
      "Succeeded",
    ],
    ["failed when one has", { init: completed }, { web: completed, side: failed }, "Failed"],
    [
      "running while one runs",
      { init: completed },
      { web: { ...completed, ready: false }, side: runs },
      "Running",
    ],
  ];
  for (const [what, init, main, phase] of ended) {
    it(`is ${what}`, () => {
      const found = status(init, main);
      expect(found.phase).to.equal(phase);
      expect(found.conditions[3]?.status).to.equal("False");
      if (phase === "Succeeded") expect(found.conditions[3]?.reason).to.equal("PodCompleted");
    });
  }

  it("keeps a condition's time until it changes", () => {
    const first = status({ init: completed }, { web: runs, side: runs });
    const later = podStatus(
      pod,
      {
        podIP: "",
        hostIP: "",
        startTime: now,
        initContainers: new Map([["init", completed]]),
        containers: new Map([
          ["web", { ...runs, ready: false }],
          ["side", runs],
        ]),
      },
      first.conditions,
      "2026-01-01T00:01:00Z",
    );
    expect(later.conditions.map(({ lastTransitionTime }) => lastTransitionTime)).to.deep.equal([
      now,
      now,
      "2026-01-01T00:01:00Z",
      "2026-01-01T00:01:00Z",
    ]);
  });

  it("waits longer from one failure to the next, at most half a minute", () => {
    expect([1, 2, 3, 4, 5, 6, 60].map(backoffSeconds)).to.deep.equal([0, 2, 4, 8, 16, 30, 30]);
  });
});

describe("probeTarget", () => {
  const defaults = {
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  };

  it("names the container's port, by number or name", () => {
    expect(
      probeTarget({ ...defaults, httpGet: { path: "/healthz?full=true", port: 8080 } }, web),
    ).to.deep.equal({ kind: "http", scheme: "http", port: 8080, path: "/healthz?full=true" });
    expect(
      probeTarget({ ...defaults, httpGet: { port: "http", scheme: "HTTPS" } }, web),
    ).to.deep.equal({ kind: "http", scheme: "https", port: 8080, path: "/" });
    expect(probeTarget({ ...defaults, tcpSocket: { port: "http" } }, web)).to.deep.equal({
      kind: "tcp",
      port: 8080,
    });
  });

  it("runs a command, or connects to the first port where none can be run", () => {
    const command = probeTarget({ ...defaults, exec: { command: ["ls"] } }, web);
    expect(command).to.deep.equal({ kind: "exec", command: ["ls"] });
    expect(withoutCommand(command, web)).to.deep.equal({ kind: "tcp", port: 8080 });
    expect(withoutCommand(command, { name: "c", image: "i" })).to.deep.equal({ kind: "none" });
  });

  it("asks nothing of a probe without an action", () => {
    expect(probeTarget(defaults, web)).to.deep.equal({ kind: "none" });
  });

  it("refuses a port name that the container does not have", () => {
    expect(() => probeTarget({ ...defaults, tcpSocket: { port: "no" } }, web)).to.throw(
      "no port named no",
    );
  });
});

describe("parseServiceAddress", () => {
  const cases: [string, string | undefined][] = [
    ["argocd-redis:6379", "argocd/argocd-redis:6379"],
    ["argocd-redis.other:6379", "other/argocd-redis:6379"],
    ["http://dex.argocd.svc.cluster.local:5556", "argocd/dex:5556"],
    ["master.cache.usw2.cache.amazonaws.com:6379", undefined],
    ["127.0.0.1:6379", undefined],
    ["localhost:6379", undefined],
    ["argocd-redis", undefined],
  ];
  for (const [address, expected] of cases) {
    it(`${address} is ${expected ?? "no Service"}`, () => {
      const found = parseServiceAddress(address, "argocd");
      expect(found && `${found.namespace}/${found.service}:${found.port}`).to.equal(expected);
    });
  }
});

describe("podMetrics", () => {
  const metricsPod = (annotations: Record<string, string>) => ({
    metadata: { name: "p", namespace: "n", uid: "u1", annotations },
    spec: { containers: [{ name: "c", resources: { requests: { cpu: "250m" } } }, { name: "d" }] },
  });

  it("says a tenth of the request, or what the Pod's annotations say", () => {
    const usage = (annotations: Record<string, string>) =>
      podMetrics(metricsPod(annotations), "now").containers.map((container) => container.usage.cpu);
    expect(usage({})).to.deep.equal(["25m", "0m"]);
    expect(usage({ "kwok.x-k8s.io/usage-cpu": "900m" })).to.deep.equal(["900m", "900m"]);
  });

  it("says what was measured where containers run", () => {
    const containers = { c: { cpu: "123n", memory: "7Ki" } };
    const found = measuredMetrics(metricsPod({}), "now", { window: "15s", containers });
    expect(found).to.deep.include({
      window: "15s",
      containers: [{ name: "c", usage: containers.c }],
    });
    expect(found.metadata.name).to.equal("p");
  });

  it("reads CPU quantities", () => {
    expect(["250m", "2", "1.5"].map(millicores)).to.deep.equal([250, 2000, 1500]);
  });
});
