import { expect } from "chai";
import { execa } from "execa";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { clusterPaths } from "../../../twin/cluster/cluster.ts";
import { kubeconfigFile } from "../../../twin/cluster/applications.ts";
import { ingressAddress, serviceAddresses } from "../../../twin/cluster/service-addresses.ts";
import { portKey, readPorts } from "../../../twin/cluster/ports-file.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { listProcesses } from "../../../twin/process/processes.ts";
import { requireTwin, twinAccounts, twinPaths, twinRegistry } from "../../../twin/state/twin.ts";
import type { Registry } from "../../../promotion/registry.ts";
import { clusterNameOf } from "../../../config/environments.ts";
import { apply, labImage, labService, labTemplate, pushLab, type Lab } from "../support/lab.ts";
import { commit, eventually, fileOf, idp, kubectl, statusOf, succeeded } from "../support/twin.ts";

const namespace = "lab";
const inLab = (...args: string[]) => kubectl("dev", "--namespace", namespace, ...args);
const cluster = { accountId: twinAccounts.dev.accountId, name: clusterNameOf("dev") };

/** Where a Service of the lab answers on this machine; it has to be there. */
function addressOf(service: string): string {
  const ports = readPorts(clusterPaths(cluster).ports);
  const port = ports[portKey({ namespace, service, port: 80 })];
  if (port === undefined) throw new Error(`${service} has no port on this machine`);
  return `http://127.0.0.1:${port}`;
}

async function get(service: string, path = "/", method = "GET"): Promise<string> {
  const url = `${addressOf(service)}${path}`;
  const response = await fetch(url, { method, signal: AbortSignal.timeout(5_000) });
  return (await response.text()).trim();
}

const deploy = (name: string, lab: Lab = {}) => apply("dev", ...labService(namespace, name, lab));

interface PodFacts {
  readonly ready: string;
  readonly restarts: number;
  readonly waiting: string;
  readonly ended: string;
}

/** What kubectl shows of the newest Pod of a Deployment or Job. */
async function podOf(app: string): Promise<PodFacts> {
  const at = ".items[-1:].status.containerStatuses[0]";
  const fields = ["ready", "restartCount", "state.waiting.reason", "lastState.terminated.reason"];
  const path = fields.map((field) => `{${at}.${field}}`).join(";");
  const [ready = "", restarts = "", waiting = "", ended = ""] = (
    await inLab(
      ...["get", "pods", "-l", `app=${app}`, "--sort-by=.metadata.creationTimestamp"],
      ...["-o", `jsonpath=${path}`],
    )
  ).split(";");
  return { ready, restarts: Number(restarts), waiting, ended };
}

const isReady = (app: string, limitMs?: number) =>
  eventually(
    `${app} is ready`,
    () => podOf(app),
    ({ ready }) => ready === "true",
    limitMs,
  );

/** What a service of the lab gets when it calls an address. */
const call = (from: string, url: string) => get(from, `/call?url=${encodeURIComponent(url)}`);

const policy = (name: string, spec: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace },
  spec,
});

/** To the cluster's name server, as the chart allows it. */
const toDns = {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/** A Job that ends at once, with an exit code. */
const jobSpec = (app: string, code: string) => ({
  backoffLimit: 0,
  template: labTemplate(
    app,
    { env: { EXIT: code }, container: { readinessProbe: null, startupProbe: null } },
    { restartPolicy: "Never" },
  ),
});

/** A CronJob that is due each minute. */
const nightly = {
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "nightly", namespace },
  spec: {
    schedule: "* * * * *",
    concurrencyPolicy: "Forbid",
    jobTemplate: { spec: jobSpec("nightly", "0") },
  },
};

const brokenBuild = "sha-b0b0b0b";

/** Pushes a build of version-service that ends at once. */
async function pushBroken(registry: Registry) {
  const image = "idp/version";
  const facts = { title: image, revision: brokenBuild, version: brokenBuild, created: new Date() };
  const broken = ociImage(facts, {
    files: [],
    entrypoint: ["/no-such-program"],
    createdBy: "a test",
  });
  await pushImage(registry, image, brokenBuild, broken);
  return { image, digest: broken.manifest.digest };
}

/** Puts a tag in place of the broken build, which Image Updater may have written again before it saw the hold. */
async function forget(file: string, tag: string): Promise<void> {
  const { repository: cwd } = twinPaths();
  const { stdout: text } = await execa("git", ["show", `main:${file}`], { cwd });
  if (!text.includes(`tag: ${brokenBuild}`)) return;
  await commit(`Forget ${brokenBuild}`, async ({ read }) => ({
    [file]: (await read(file)).replace(`tag: ${brokenBuild}`, `tag: ${tag}`),
  }));
}

describe("services' Pods", function () {
  this.timeout(180_000);

  before("this machine runs containers", async () => {
    succeeded(await idp("twin", "doctor"));
    await Promise.all(["one", "two"].map(pushLab));
    await kubectl("dev", "create", "namespace", namespace);
    await Promise.all([
      ...[deploy("web"), deploy("caller"), deploy("pair", { replicas: 2 })],
      // It is due while the other tests run.
      apply("dev", nightly),
    ]);
    await Promise.all(["web", "caller", "pair"].map((name) => isReady(name)));
  });
  after(async () => {
    await kubectl("dev", "delete", "namespace", namespace, "--ignore-not-found");
  });

  it("run as their own user, alone, without rights, on an image that nobody writes to", async () => {
    const none = "0000000000000000";
    expect((await get("web", "/self")).split("\n")).to.deep.equal([
      "uid 65532",
      ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => `${set}: ${none}`),
      "NoNewPrivs: 1",
      "/ is writable: false",
      "/tmp is writable: true",
      "process 1",
    ]);
    const path = "jsonpath={.items[0].status.containerStatuses[0].imageID}";
    expect(await inLab("get", "pods", "-l", "app=web", "-o", path)).to.match(
      /^\d{12}\.dkr\.ecr\.us-west-2\.amazonaws\.com\/idp\/lab@sha256:[0-9a-f]{64}$/,
    );
  });

  describe("find each other", () => {
    const names = [
      "web",
      "web.lab",
      "web.lab.svc.cluster.local",
      // As the resolver of a container asks after its search list.
      "web.lab.svc.cluster.local.",
    ];
    for (const name of names) {
      it(`as ${name}`, async () => {
        expect(await call("caller", `http://${name}/`)).to.match(/^one web-\S+ 10\.245\.\d+\.\d+$/);
      });
    }

    it("by a Pod's address, and are told who calls", async () => {
      const path = "jsonpath={.items[0].status.podIP}";
      const ip = await inLab("get", "pods", "-l", "app=web", "-o", path);
      const own = await inLab("get", "pods", "-l", "app=caller", "-o", path);
      expect(await call("caller", `http://${ip}:8080/`)).to.match(new RegExp(` ${own}$`));
    });

    it("and no name that nobody has", async () => {
      expect(await get("caller", "/resolve?name=nobody.lab")).to.include("no such host");
      expect(await get("caller", "/resolve?name=example.com")).to.include("no such host");
    });

    it("through the Service, each replica in turn", async () => {
      const seen = new Set<string>();
      for (let count = 0; count < 40; count++) seen.add(await call("caller", "http://pair/"));
      expect(seen.size).to.equal(2);
    });

    it("or themselves", async () => {
      expect(await call("web", "http://web/")).to.match(/^one web-/);
    });
  });

  describe("are kept apart by NetworkPolicies", () => {
    afterEach(async () => {
      await inLab("delete", "networkpolicies", "--all");
    });
    const gets = (what: RegExp, from: string, url: string) =>
      eventually(
        `${from} gets ${what.source} from ${url}`,
        () => call(from, url),
        (answer) => what.test(answer),
        30_000,
      );

    it("an egress that none names is dropped, one that is named succeeds", async () => {
      const podSelector = { matchLabels: { app: "caller" } };
      const to = [{ podSelector: { matchLabels: { app: "web" } } }];
      await apply(
        "dev",
        policy("egress", { podSelector, policyTypes: ["Egress"], egress: [toDns, { to }] }),
      );
      await gets(/^failed: .*(timeout|deadline exceeded)/, "caller", "http://pair/");
      await gets(/^one web-/, "caller", "http://web/");
    });

    it("so is an ingress", async () => {
      const podSelector = { matchLabels: { app: "web" } };
      const from = [{ podSelector: { matchLabels: { app: "pair" } } }];
      await apply(
        "dev",
        policy("ingress", { podSelector, policyTypes: ["Ingress"], ingress: [{ from }] }),
      );
      await gets(/^failed: .*(timeout|deadline exceeded)/, "caller", "http://web/");
      await gets(/^one web-/, "pair", "http://web/");
    });
  });

  describe("that fail", () => {
    it("stay out while they are not ready, the old one serves, and a rollback heals", async () => {
      await deploy("web", { tag: "two", env: { NEVER_READY: "yes" } });
      await eventually(
        "the new Pod runs",
        () => podOf("web"),
        ({ ready }) => ready === "false",
      );
      for (let count = 0; count < 10; count++) {
        expect(await get("web")).to.match(/^one /);
        await sleep(200);
      }
      await inLab("rollout", "undo", "deployment/web");
      await inLab("rollout", "status", "deployment/web", "--timeout=60s");
      expect(await get("web")).to.match(/^one /);
    });

    it("back off between their restarts, and say how they ended", async () => {
      await deploy("crash", { env: { EXIT: "7" } });
      const { ended } = await eventually(
        "it backs off",
        () => podOf("crash"),
        ({ restarts, waiting }) => restarts >= 2 && waiting === "CrashLoopBackOff",
      );
      expect(ended).to.equal("Error");
      expect(await inLab("logs", "deployment/crash")).to.include("ends with 7");
    });

    it("start slowly under a startup probe, without a restart", async () => {
      await deploy("slow", { env: { SLOW_START: "5" } });
      await isReady("slow");
      expect((await podOf("slow")).restarts).to.equal(0);
    });

    it("are restarted when they hang", async () => {
      await get("caller", "/hang", "POST");
      await eventually(
        "it is restarted",
        () => podOf("caller"),
        ({ restarts }) => restarts === 1,
      );
      await isReady("caller");
    });

    it("are ended beyond their memory", async () => {
      await get("pair", "/eat?mebibytes=200", "POST").catch(() => undefined);
      const path = "jsonpath={.items[*].status.containerStatuses[0].lastState.terminated.reason}";
      await eventually(
        "it is OOMKilled",
        () => inLab("get", "pods", "-l", "app=pair", "-o", path),
        (reasons) => reasons === "OOMKilled",
      );
    });

    it("wait for an image that is not there, and take it once it is", async () => {
      await deploy("late", { tag: "three" });
      await eventually(
        "its image is not there",
        () => podOf("late"),
        ({ waiting }) => /^(ErrImagePull|ImagePullBackOff)$/.test(waiting),
      );
      await pushLab("three");
      await isReady("late");
      expect(await get("late")).to.match(/^three /);
    });
  });

  it("of a build that does not start stay out, which status says, and idp rollback heals", async () => {
    const service = "version-service";
    const registry = twinRegistry(requireTwin(), "dev");
    const status = () => statusOf("dev", service);
    const before = await status();
    const { image, digest } = await pushBroken(registry);
    await eventually(
      "the new Pod waits, the old one runs",
      status,
      (found) => found?.wanted === brokenBuild && found.health === "Progressing",
    );
    const answer = async () => (await fetch(`${before?.address ?? ""}/`)).text();
    expect(await answer()).to.include(before?.tag);
    const { stdout } = await idp("status", service, "--cluster", "--twin");
    expect(stdout).to.match(new RegExp(`^${service} +dev .*Progressing`, "m"));
    succeeded(await idp("rollback", service, "dev", "--reason", "it does not start", "--twin"));
    await eventually(
      "the old build is whole again",
      status,
      (found) => found?.tag === before?.tag && found?.health === "Healthy",
    );
    expect(await answer()).to.include(before?.tag);
    // The next test finds what this one found: no such build, neither in the registry nor beside the hold.
    await fetch(new URL(`/v2/${image}/manifests/${digest}`, registry.url), { method: "DELETE" });
    await forget(fileOf("dev", service), before?.tag ?? "");
    succeeded(await idp("unhold", service, "dev", "--twin"));
    await eventually(
      "git names the old build",
      status,
      (found) => found?.wanted === before?.tag && found?.health === "Healthy",
    );
  });

  it("complete as Jobs, or fail", async () => {
    const job = (name: string, code: string) => ({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace },
      spec: jobSpec(name, code),
    });
    await apply("dev", job("good", "0"), job("bad", "4"));
    await inLab("wait", "job/good", "--for=condition=Complete", "--timeout=60s");
    await inLab("wait", "job/bad", "--for=condition=Failed", "--timeout=60s");
    const phases = await inLab(
      ...["get", "pods", "-l", "app in (good, bad)", "--sort-by=.metadata.labels.app"],
      ...["-o", "jsonpath={.items[*].status.phase}"],
    );
    expect(phases).to.equal("Failed Succeeded");
    expect(await inLab("logs", "job/bad")).to.equal("ends with 4");
  });

  it("are scaled by what they use, up and down", async () => {
    await deploy("busy");
    await apply("dev", {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "busy", namespace },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "busy" },
        minReplicas: 1,
        maxReplicas: 2,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
      },
    });
    await isReady("busy");
    await get("busy", "/burn?seconds=40", "POST");
    const replicas = (count: number) =>
      eventually(
        `it has ${count}`,
        () => inLab("get", "deployment", "busy", "-o", "jsonpath={.spec.replicas}"),
        (found) => found === String(count),
      );
    await replicas(2);
    await replicas(1);
  });

  describe("are at hand for people", () => {
    it("by their logs, as they come", async () => {
      const following = execa(
        join(twinPaths().bin, "kubectl"),
        ["-n", namespace, "logs", "--follow", "--timestamps", "deployment/web"],
        { env: { KUBECONFIG: kubeconfigFile("dev") }, reject: false },
      );
      await sleep(1_000);
      const url = `${addressOf("web")}/say`;
      await fetch(url, { method: "POST", body: "something to say" });
      await sleep(1_000);
      following.kill();
      expect((await following).stdout).to.match(/^\d{4}-\d\d-\d\dT\S+Z something to say$/m);
    });

    it("by a command in them, with its exit code", async () => {
      const { stdout, exitCode } = await execa(
        join(twinPaths().bin, "kubectl"),
        ["-n", namespace, "exec", "deployment/web", "--", "/lab", "exit", "7"],
        { env: { KUBECONFIG: kubeconfigFile("dev") }, reject: false },
      );
      expect([stdout, exitCode]).to.deep.equal(["a command in the container", 7]);
    });

    it("by a forwarded port", async () => {
      const forward = execa(
        join(twinPaths().bin, "kubectl"),
        ["-n", namespace, "port-forward", "deployment/web", ":8080"],
        { env: { KUBECONFIG: kubeconfigFile("dev") }, reject: false },
      );
      const port = await new Promise<string>((resolve) => {
        forward.stdout.on("data", (said: Buffer) => {
          const [, found] = /127\.0\.0\.1:(\d+) ->/.exec(said.toString()) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).to.match(/^one web-/);
      forward.kill();
      await forward;
    });

    it("by an Ingress, under its host", async () => {
      await apply("dev", {
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: { name: "web", namespace },
        spec: {
          ingressClassName: "alb",
          rules: [
            {
              host: "web.example.com",
              http: {
                paths: [
                  {
                    path: "/",
                    pathType: "Prefix",
                    backend: { service: { name: "web", port: { name: "http" } } },
                  },
                ],
              },
            },
          ],
        },
      });
      const ask = async (host: string) => {
        const { stdout } = await execa("curl", [
          "-s",
          "-H",
          `Host: ${host}`,
          `${ingressAddress("dev") ?? ""}/`,
        ]);
        return stdout;
      };
      await eventually(
        "it answers",
        () => ask("web.example.com"),
        (said) => /^one web-/.test(said),
      );
      expect(await ask("elsewhere.example.com")).to.equal("no Ingress names this host and path");
    });

    it("by their address, which idp twin open prints", async () => {
      // Whose image another test has not replaced by one without a program.
      const service = "version-service";
      const { stdout } = succeeded(await idp("twin", "open", service, "-e", "dev"));
      expect(stdout).to.equal(serviceAddresses("dev").get(service));
      expect((await fetch(`${stdout}/health`)).status).to.equal(200);
      const { exitCode, stderr } = await idp("twin", "open", "no-service");
      expect([exitCode, stderr]).to.deep.equal([
        1,
        'error dev has no service "no-service". See: npx idp twin status',
      ]);
    });

    it("in Argo CD's view of their logs", async () => {
      const secret = ["secret", "argocd-initial-admin-secret", "-o", "jsonpath={.data.password}"];
      const password = await kubectl("dev", "-n", "argocd", "get", ...secret);
      const server = readPorts(clusterPaths(cluster).ports)["argocd/argocd-server:443"] ?? 0;
      const argoCd = async (path: string, input: object | undefined, ...args: string[]) => {
        const url = `https://127.0.0.1:${server}/api/v1/${path}`;
        const body = input && { input: JSON.stringify(input) };
        // Its certificate is its own.
        return (await execa("curl", ["--silent", "--insecure", ...args, url], { ...body })).stdout;
      };
      const login = { username: "admin", password: Buffer.from(password, "base64").toString() };
      const json = ["--header", "Content-Type: application/json", "--data", "@-"];
      const session: unknown = JSON.parse(await argoCd("session", login, ...json));
      const { token } = z.object({ token: z.string() }).parse(session);
      const service = "version-service";
      const logs = await argoCd(
        `applications/${service}/logs?namespace=${service}&container=${service}&tailLines=1`,
        undefined,
        ...["--header", `Authorization: Bearer ${token}`],
      );
      expect(logs).to.include("version-service listens");
    });

    it("Argo CD's own Pods, too, by logs and forwarded ports", async () => {
      const lines = await kubectl(
        "dev",
        "-n",
        "argocd",
        "logs",
        "deploy/argocd-server",
        "--tail=1",
      );
      expect(lines).to.include('"level"');
    });
  });

  describe("come back", () => {
    const answersWithin = (limitMs: number) =>
      eventually(
        "web answers",
        () => get("web"),
        (said) => said.startsWith("one "),
        limitMs,
      );
    const pidOf = (part: string) => {
      const name = `${cluster.accountId}.${cluster.name}.${part}`;
      const found = listProcesses().find((process) => process.name === name);
      if (found === undefined) throw new Error(`no process ${name}`);
      return found.pid;
    };

    it("when one is killed", async () => {
      await get("web", "/exit", "POST").catch(() => undefined);
      await answersWithin(10_000);
    });

    it("when podbox is killed", async () => {
      const before = pidOf("podbox");
      process.kill(before, "SIGKILL");
      await eventually(
        "another podbox runs",
        () => Promise.resolve(pidOf("podbox")),
        (pid) => pid !== before,
      );
      await answersWithin(20_000);
      // The other one may back off a little longer.
      await eventually(
        "a Pod reaches another",
        () => call("caller", "http://web/"),
        (answer) => answer.startsWith("one web-"),
      );
    });

    it("when their kubelet is killed, which finds them as they are", async () => {
      const said = await get("web");
      // The recorded process is the shell that starts it again.
      const { stdout } = await execa("pgrep", ["--parent", String(pidOf("process-kubelet"))]);
      process.kill(Number(stdout), "SIGKILL");
      expect(await inLab("exec", "deployment/caller", "--", "/lab", "exit", "0")).to.equal(
        "a command in the container",
      );
      await answersWithin(20_000);
      expect(await get("web")).to.equal(said);
      expect((await podOf("slow")).restarts).to.equal(1);
    });
  });

  it("run by their schedule", async () => {
    const minute = 60_000;
    const path = "jsonpath={.items[0].status.phase} {.items[0].metadata.ownerReferences[0].kind}";
    await eventually(
      "a Job of the CronJob has run",
      () => inLab("get", "pods", "-l", "app=nightly", "-o", path),
      (found) => found === "Succeeded Job",
      2 * minute,
    );
    const lastSuccess = "jsonpath={.status.lastSuccessfulTime}";
    await eventually(
      "the CronJob knows",
      () => inLab("get", "cronjob", "nightly", "-o", lastSuccess),
      (found) => Date.parse(found) > Date.now() - 3 * minute,
    );
    await inLab("delete", "cronjob", "nightly");
  });

  it("are simulated where their image has no program, and say so", async () => {
    const facts = { title: "idp/lab", revision: "", version: "", created: new Date() };
    await pushImage(twinRegistry(requireTwin(), "dev"), "idp/lab", "empty", ociImage(facts));
    await deploy("empty", { tag: "empty" });
    await isReady("empty");
    const path = "jsonpath={.items[0].metadata.annotations.twin\\.idp/simulated}";
    expect(await inLab("get", "pods", "-l", "app=empty", "-o", path)).to.equal(
      `image "${labImage("empty")}" has no program, and the container no command`,
    );
  });
});
