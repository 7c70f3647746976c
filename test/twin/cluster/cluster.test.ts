import { expect } from "chai";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import {
  clusterPaths,
  listClusters,
  readCluster,
  writeInfo,
  writeRecord,
} from "../../../twin/cluster/cluster.ts";
import type { ClusterRecord } from "../../../twin/cluster/cluster.ts";
import { parts, partSpec } from "../../../twin/cluster/parts.ts";
import { ensureControlPlane } from "../../../twin/cluster/control-plane.ts";
import {
  ensureCredentials,
  kubeconfig,
  tokenFile,
  tokenOf,
} from "../../../twin/cluster/credentials.ts";
import { kwokConfiguration } from "../../../twin/cluster/kwok.ts";
import { nodeManifests } from "../../../twin/cluster/nodes.ts";
import { tools } from "../../../twin/toolchain/tools.ts";

const cluster: ClusterRecord = {
  accountId: "123456789012",
  name: "idp-dev",
  version: "1.36",
  region: "us-west-2",
  availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2c"],
  port: 40001,
  kubeletPort: 40002,
};

describe("a cluster of the twin", () => {
  const before_ = process.env["IDP_TWIN"];
  let twin: string;

  beforeEach(() => {
    twin = mkdtempSync(join(tmpdir(), "idp-cluster-"));
    process.env["IDP_TWIN"] = twin;
  });
  afterEach(() => {
    rmSync(twin, { recursive: true });
    if (before_ === undefined) delete process.env["IDP_TWIN"];
    else process.env["IDP_TWIN"] = before_;
  });

  it("is listed from the moment it is requested, and can be read once it was ready", () => {
    expect([listClusters(), readCluster(cluster.accountId, cluster.name)]).to.deep.equal([
      [],
      undefined,
    ]);
    writeRecord(cluster);
    expect(listClusters()).to.deep.equal([cluster]);
    expect(readCluster(cluster.accountId, cluster.name)).to.be.undefined;
    const info = { endpoint: "https://127.0.0.1:40001", certificateAuthority: "Q0E=", token: "t" };
    writeInfo(cluster, info);
    expect(readCluster(cluster.accountId, cluster.name)).to.deep.equal(info);
    expect(statSync(clusterPaths(cluster).info).mode & 0o777).to.equal(0o600);
  });

  it("refuses a Kubernetes version that the twin does not have, and starts nothing", async () => {
    const error: unknown = await ensureControlPlane({ ...cluster, version: "1.30" }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.include(
      `asks for Kubernetes 1.30; the twin has only ${tools.kubernetes.version}`,
    );
    expect(String(error)).to.include("pulumi config set --path idp:cluster.version 1.36");
    expect(listClusters()).to.deep.equal([]);
  });

  it("creates credentials once, readable only by their owner", () => {
    const paths = clusterPaths(cluster);
    ensureCredentials(paths);
    const token = tokenOf("admin", paths);
    ensureCredentials(paths);
    expect(tokenOf("admin", paths)).to.equal(token).and.have.length(43);
    const modes = [paths.tokens, paths.serviceAccountKey].map(
      (file) => statSync(file).mode & 0o777,
    );
    expect(modes).to.deep.equal([0o600, 0o600]);
  });

  it("keeps secrets out of every argument, and listens on 127.0.0.1 only", () => {
    const paths = clusterPaths(cluster);
    const specs = parts.map((part) =>
      partSpec(part, cluster, paths, (name) => `/bin/${name}`, { PATH: "/bin" }, true),
    );
    const args = specs.flatMap((spec) => spec.args);
    const listeners = args.filter((argument) => /(address|listen.*urls|port)=/.test(argument));
    expect(listeners).to.deep.equal([
      "--listen-client-urls=unix://client:1",
      "--listen-peer-urls=unix://peer:1",
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      "--secure-port=40001",
      "--secure-port=0",
      "--secure-port=0",
    ]);
    expect(specs.map(({ name }) => name)).to.deep.equal(
      parts.map((part) => `123456789012.idp-dev.${part}`),
    );
    // Nothing is inherited, in particular no proxy settings.
    expect(new Set(specs.flatMap(({ env }) => Object.keys(env ?? {})))).to.deep.equal(
      new Set(["HOME", "PATH"]),
    );
  });
});

describe("tokenFile", () => {
  it("has one line per user, and makes all but the scheduler administrators", () => {
    let count = 0;
    expect(tokenFile(() => `t${++count}`).split("\n")).to.deep.equal([
      't1,admin,admin,"system:masters"',
      't2,system:kube-controller-manager,system:kube-controller-manager,"system:masters"',
      't3,system:kube-scheduler,system:kube-scheduler,""',
      't4,twin:kwok,twin:kwok,"system:masters"',
      't5,twin:process-kubelet,twin:process-kubelet,"system:masters"',
      "",
    ]);
  });
});

describe("kubeconfig", () => {
  it("verifies the API server", () => {
    const text = kubeconfig({
      endpoint: "https://127.0.0.1:1",
      certificateAuthority: "Q0E=",
      user: "u",
      context: "c",
      credential: { tokenFile: "/t" },
    });
    expect(text)
      .to.include('"certificate-authority-data": "Q0E="')
      .and.to.include('"tokenFile": "/t"');
    expect(text).not.to.include("insecure");
  });
});

describe("nodeManifests", () => {
  it("make one node per zone", () => {
    const zones = nodeManifests(cluster, "v1.36.3").map(({ metadata }) => [
      metadata.name,
      metadata.labels["topology.kubernetes.io/zone"],
      metadata.labels["topology.kubernetes.io/region"],
    ]);
    expect(zones).to.deep.equal([
      ["node-us-west-2a", "us-west-2a", "us-west-2"],
      ["node-us-west-2b", "us-west-2b", "us-west-2"],
      ["node-us-west-2c", "us-west-2c", "us-west-2"],
    ]);
  });
});

describe("kwokConfiguration", () => {
  const stage = (name: string, kind: string, delay: number) =>
    stringify({
      apiVersion: "kwok.x-k8s.io/v1alpha1",
      kind: "Stage",
      metadata: { name },
      spec: {
        resourceRef: { apiGroup: "v1", kind },
        selector: { matchExpressions: [{ key: ".the.own", operator: "Exists" }] },
        delay: { durationMilliseconds: delay, jitterDurationMilliseconds: delay + 1 },
        next: { statusTemplate: "phase: {{ Now }}\n" },
      },
    });
  const initialize = stage("node-initialize", "Node", 7);
  const heartbeat = stage("node-heartbeat-with-lease", "Node", 600_000);
  const ready = stage("pod-ready", "Pod", 7);
  const configured = (own: readonly string[]): unknown[] =>
    kwokConfiguration(own.join("---\n"), [".the.query", ".another"])
      .split("---\n")
      .map((text): unknown => parse(text));

  it("leaves Pods that run on this machine alone, in every Pod stage", () => {
    const stages = configured([initialize, heartbeat, ready]).map((one) => JSON.stringify(one));
    expect(stages).to.have.length(4);
    for (const text of stages) {
      expect(text.includes('"kind":"Pod"'), text).to.equal(
        text.includes('{"key":"(.the.query), (.another)","operator":"DoesNotExist"}'),
      );
    }
    expect(stages[2]).to.include('{"key":".the.own","operator":"Exists"}');
    expect(stages[3]).to.include('"name":"pod-ready-again"');
  });

  it("changes only the heartbeat's interval in a Node's stage", () => {
    const own: unknown = parse(heartbeat);
    const expected: unknown = JSON.parse(
      JSON.stringify(own).replace(/"delay":\{[^}]*\}/, '"delay":{"durationMilliseconds":60000}'),
    );
    expect(configured([initialize, heartbeat]).slice(0, 2)).to.deep.equal([
      parse(initialize),
      expected,
    ]);
  });

  it("refuses stages without a heartbeat", () => {
    expect(() => configured([initialize, ready])).to.throw(
      "KWOK's own stages have no node-heartbeat-with-lease. Fix:",
    );
  });
});
