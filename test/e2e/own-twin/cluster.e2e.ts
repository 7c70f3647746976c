import { expect } from "chai";
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { disruptionBudgets } from "../../../components/disruption-budgets.ts";
import { clusterPaths, listClusters, readCluster } from "../../../twin/cluster/cluster.ts";
import { deleteControlPlane, ensureControlPlane } from "../../../twin/cluster/control-plane.ts";
import { kubernetesSchema, openApiPaths, schemaText } from "../../../policy/kubernetes-openapi.ts";
import { schemaFile } from "../../../policy/kubernetes-schema.ts";
import { KubeApi } from "../../../twin/cluster/kube-api.ts";
import { ensureGitServer } from "../../../twin/git/git-server.ts";
import { namedServices, seed } from "../../../twin/images/images.ts";
import { ensureRegistry } from "../../../twin/images/registry.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { keepClusterEnvironment } from "../../../twin/state/environment.ts";
import { ensureTwin, twinPaths } from "../../../twin/state/twin.ts";
import { listProcesses, stopAll } from "../../../twin/process/processes.ts";
import { ensureTools } from "../../../twin/toolchain/build.ts";
import { binaryPath, sharePath } from "../../../twin/toolchain/locate.ts";

// A control plane and Argo CD as they really are. Takes the built tools; minutes, not hours.

const run = promisify(execFile);

const plain = {
  accountId: "935743309409",
  name: "plain",
  version: "1.36",
  region: "us-west-2",
  availabilityZones: ["us-west-2a", "us-west-2b", "us-west-2c"],
};
const highlyAvailable = { ...plain, accountId: "100000000003", name: "ha" };
type Cluster = typeof plain;

async function kubectl(cluster: Cluster, ...args: string[]): Promise<string> {
  const { kubeconfig } = clusterPaths(cluster);
  const { stdout } = await run(binaryPath("kubectl"), ["--kubeconfig", kubeconfig, ...args], {
    maxBuffer: 2 ** 26,
  });
  return stdout.trim();
}

/** Asks until the answer is the expected one; its last answer is in the failure. */
async function eventually(
  expected: string,
  ask: () => Promise<string>,
  limitMs = 120_000,
): Promise<void> {
  let last = "";
  for (const deadline = Date.now() + limitMs; Date.now() < deadline;) {
    last = await ask().catch(String);
    if (last === expected) return;
    await sleep(500);
  }
  expect(last).to.equal(expected);
}

async function installArgoCd(cluster: Cluster, manifest: string): Promise<void> {
  await kubectl(cluster, "create", "namespace", "argocd");
  await kubectl(
    cluster,
    "apply",
    "--server-side",
    "-n",
    "argocd",
    "-f",
    sharePath("argocd", manifest),
  );
}

/** How many Pods there are and how many are not ready. */
async function pods(cluster: Cluster, namespace: string): Promise<string> {
  const Pods = z.object({
    items: z.array(
      z.object({
        status: z.object({
          conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
        }),
      }),
    ),
  });
  const { items } = Pods.parse(
    JSON.parse(await kubectl(cluster, "get", "pods", "-n", namespace, "-o", "json")),
  );
  const isReady = ({ status }: (typeof items)[number]): boolean =>
    status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True");
  return `${items.length} pods, ${items.filter((pod) => !isReady(pod)).length} unready`;
}

/** Addresses that this twin's processes listen on (Linux: /proc). */
function listeners(): string[] {
  const sockets = new Set(
    listProcesses().flatMap(({ pid }) =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`);
        } catch {
          return []; // Closed in the meantime.
        }
      }),
    ),
  );
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === "0A" && sockets.has(`socket:[${fields[9] ?? ""}]`))
      .map((fields) => fields[1]?.split(":")[0] ?? ""),
  );
}

describe("a cluster of the twin", function () {
  this.timeout(300_000);
  const before_ = process.env["IDP_TWIN"];
  let twin: string;
  let gitPort: number;

  before(async () => {
    await ensureTools([
      ...(["etcd", "kubernetes", "kwok", "podbox", "registry", "helm", "redis", "argocd"] as const),
    ]);
    twin = mkdtempSync(join(tmpdir(), "idp-e2e-"));
    process.env["IDP_TWIN"] = twin;
    keepClusterEnvironment();
  });

  after(async () => {
    await stopAll();
    rmSync(twin, { recursive: true, force: true });
    if (before_ === undefined) delete process.env["IDP_TWIN"];
    else process.env["IDP_TWIN"] = before_;
  });

  it("comes up once, however many ask for it", async () => {
    const all = await Promise.all([ensureControlPlane(plain), ensureControlPlane(plain)]);
    expect(all[0]).to.deep.equal(all[1]).and.deep.equal(readCluster(plain.accountId, plain.name));
    const zones = await kubectl(
      plain,
      "get",
      "nodes",
      "-o",
      "jsonpath={.items[*].metadata.labels.topology\\.kubernetes\\.io/zone}",
    );
    expect(zones.split(" ").sort()).to.deep.equal(plain.availabilityZones);
  });

  it("describes its kinds as the schema does that idp check goes by", async () => {
    const documents = await Promise.all(
      openApiPaths.map(async (path): Promise<unknown> =>
        JSON.parse(await kubectl(plain, "get", "--raw", `/openapi/v3/${path}`)),
      ),
    );
    expect(schemaText(kubernetesSchema(documents)), "run: make schemas").to.equal(
      readFileSync(schemaFile(plain.version), "utf8"),
    );
  });

  it("takes a NodePool that EKS takes, and refuses what EKS refuses", async () => {
    const pool = (name: string, expireAfter: string) => ({
      ...{ apiVersion: "karpenter.sh/v1", kind: "NodePool", metadata: { name } },
      spec: {
        disruption: { consolidateAfter: "5m", budgets: disruptionBudgets(undefined) },
        template: {
          spec: {
            expireAfter,
            nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: "platform" },
            requirements: [],
          },
        },
      },
    });
    const create = (object: object) => {
      const file = join(twin, "object.json");
      writeFileSync(file, JSON.stringify(object));
      return kubectl(plain, "create", "--filename", file).catch(String);
    };
    expect(await create(pool("twenty-days", "480h"))).to.equal(
      "nodepool.karpenter.sh/twenty-days created",
    );
    expect(await create(pool("longer", "481h"))).to.include("may not exceed 21 days");
    const isDefault = {
      ...{ apiVersion: "eks.amazonaws.com/v1", kind: "NodeClass", metadata: { name: "default" } },
      spec: {
        role: "nodes",
        subnetSelectorTerms: [{ id: "subnet-1" }],
        securityGroupSelectorTerms: [{ id: "sg-1" }],
      },
    };
    expect(await create(isDefault)).to.include("default is the NodeClass of the built-in pools");
  });

  it("knows nobody without a token", async () => {
    const info = readCluster(plain.accountId, plain.name);
    if (info === undefined) throw new Error("no cluster");
    const api = new KubeApi({ ...info, token: "wrong" });
    const error: unknown = await api.get("/api/v1/secrets").catch((reason: unknown) => reason);
    expect(String(error)).to.include("401");
    api.close();
  });

  it("runs Argo CD from its own manifest", async () => {
    await installArgoCd(plain, "install.yaml");
    await eventually("7 pods, 0 unready", () => pods(plain, "argocd"));
    const running = listProcesses()
      .filter(({ name, running: is }) => is && name.includes(".pod."))
      .map(({ name }) => name.split(".").at(-1));
    expect(running.sort()).to.deep.equal([
      "argocd-application-controller",
      "argocd-applicationset-controller",
      "argocd-repo-server",
      "argocd-server",
      "redis",
    ]);
  });

  it("runs its highly available flavour, too, with one redis", async () => {
    await ensureControlPlane(highlyAvailable);
    await installArgoCd(highlyAvailable, "ha/install.yaml");
    await eventually("14 pods, 0 unready", () => pods(highlyAvailable, "argocd"));
    const redis = listProcesses().filter(
      ({ name }) => name.startsWith("100000000003.ha.pod.") && name.endsWith(".redis"),
    );
    expect(redis).to.have.length(1);
  });

  it("listens on 127.0.0.1 only", () => {
    const addresses = listeners();
    expect(addresses.length).to.be.greaterThan(10);
    // Little-endian hexadecimal: 127.0.0.1.
    expect([...new Set(addresses)]).to.deep.equal(["0100007F"]);
  });

  for (const cluster of [plain, highlyAvailable]) {
    it(`syncs a service from git (${cluster.name})`, async () => {
      if (cluster === plain) {
        const tree = join(twin, "tree");
        for (const folder of ["helm-charts", "argocd"]) {
          cpSync(join(repositoryRoot, folder), join(tree, folder), { recursive: true });
        }
        const git = (...args: string[]) => run("git", ["-C", tree, ...args]);
        await git("init", "-q", "-b", "main");
        await git("add", "-A");
        await git(
          "-c",
          "user.name=twin",
          "-c",
          "user.email=twin@localhost",
          "commit",
          "-q",
          "-m",
          "Start",
        );
        const { git: served, repository } = twinPaths();
        const record = await ensureTwin();
        await run("git", ["clone", "-q", "--bare", tree, repository]);
        ({ gitPort } = record);
        await ensureGitServer(served, gitPort);
        // Its Pods ask for an image of dev, which has no program: they are simulated.
        await ensureRegistry(binaryPath("registry"), record, "dev");
        const services = await namedServices(repository);
        const inDev = services.filter(({ environment }) => environment === "dev");
        await seed(record, inDev, () => Promise.resolve(undefined));
      }
      const application = {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name: "time-service", namespace: "argocd" },
        spec: {
          project: "default",
          source: {
            repoURL: `http://127.0.0.1:${gitPort}/idp.git`,
            targetRevision: "main",
            path: "helm-charts/standard-service",
            helm: {
              valueFiles: ["/argocd/applications/dev/time-service.yaml"],
              // An autoscaler as well.
              values: "replicas: {min: 2, max: 4}",
            },
          },
          destination: { server: "https://kubernetes.default.svc", namespace: "time-service" },
          syncPolicy: { automated: {}, syncOptions: ["CreateNamespace=true"] },
        },
      };
      const info = readCluster(cluster.accountId, cluster.name);
      if (info === undefined) throw new Error("no cluster");
      const api = new KubeApi(info);
      await api.create("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications", application);
      api.close();
      await eventually("Synced Healthy", () => health(cluster));
    });
  }

  it("comes back with its data after everything was killed", async () => {
    const before = readCluster(plain.accountId, plain.name);
    for (const { name, pid } of listProcesses()) {
      if (name.startsWith("935743309409.plain.")) process.kill(pid, "SIGKILL");
    }
    expect(await ensureControlPlane(plain)).to.deep.equal(before);
    // Until the process kubelet has taken up its Pods, their status is what it was.
    await eventually("", () => {
      const dead = listProcesses().filter(({ running }) => !running);
      return Promise.resolve(dead.map(({ name }) => name).join(" "));
    });
    await eventually("7 pods, 0 unready", () => pods(plain, "argocd"));
    await eventually("Synced Healthy", () => health(plain));
  });

  it("lets Pods go on while the process kubelet is killed, and takes them over", async () => {
    const server = (): string => {
      const found = listProcesses().find(({ name }) =>
        name.startsWith("935743309409.plain.pod.argocd.argocd-server-"),
      );
      return `${found?.pid ?? 0} ${String(found?.running)}`;
    };
    const before = server();
    const kubelet = listProcesses().find(
      ({ name }) => name === "935743309409.plain.process-kubelet",
    );
    process.kill(kubelet?.pid ?? 0, "SIGKILL");
    await ensureControlPlane(plain);
    await sleep(3_000);
    expect(server()).to.equal(before);
    await eventually("7 pods, 0 unready", () => pods(plain, "argocd"));
  });

  it("ends a Pod's process with the Pod", async () => {
    await kubectl(plain, "delete", "namespace", "argocd", "--timeout=60s");
    expect(
      listProcesses().filter(({ name }) => name.startsWith("935743309409.plain.pod.")),
    ).to.deep.equal([]);
    expect(readdirSync(clusterPaths(plain).pods)).to.deep.equal([]);
  });

  it("leaves no process and no folder when it is deleted", async () => {
    const ours = (): string[] =>
      listProcesses()
        .map(({ name }) => name)
        .filter((name) => !["git-server", "registry-dev"].includes(name));
    for (const cluster of [plain, highlyAvailable]) await deleteControlPlane(cluster);
    expect(ours()).to.deep.equal([]);
    expect(listClusters()).to.deep.equal([]);
    expect(
      [plain, highlyAvailable].map((cluster) => existsSync(clusterPaths(cluster).dir)),
    ).to.deep.equal([false, false]);
    await deleteControlPlane(plain);
  });
});

function health(cluster: Cluster): Promise<string> {
  const path = "jsonpath={.status.sync.status} {.status.health.status}";
  return kubectl(cluster, "get", "application", "-n", "argocd", "time-service", "-o", path);
}
