import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { example, sizes } from "../../catalog/schema.ts";
import { readServiceFile } from "../../catalog/service.ts";
import { valuesSchema, valuesSchemaFile } from "../../catalog/values-schema.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { oddScalars } from "../catalog/scalars.ts";
import { chart, ensureHelm, helm, render, renderText, type Manifest } from "./helm.ts";
import { kubernetesFaults, kubernetesOf } from "../../policy/kubernetes-schema.ts";

/** A service with one replica and nothing optional. */
const compliant = {
  image: example.image,
  port: 8080,
  resources: "small",
  replicas: 1,
};

const always = ["Deployment", "NetworkPolicy", "Service", "ServiceAccount"];

const kinds = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind).sort();

async function renderOne(kind: string, values: object): Promise<Manifest> {
  const found = (await render("demo", values)).filter((manifest) => manifest.kind === kind);
  const [only, ...others] = found;
  if (!only || others.length > 0) throw new Error(`${found.length} of ${kind}`);
  return only;
}

/** Returns what Helm finds wrong with values: each line of its list. */
async function refusal(values: object): Promise<string[]> {
  const error: unknown = await render("demo", values).catch((error: unknown) => error);
  if (!(error instanceof Error)) throw new Error("Helm rendered it");
  return error.message
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("- ") || line.includes("execution error"));
}

describe("standard-service", function () {
  // A test takes a hundred milliseconds, but the machine may be busy.
  this.timeout(60_000);

  before(async function () {
    this.timeout(30 * 60_000);
    await ensureHelm();
  });

  for (const environment of environments) {
    for (const service of ["time-service", "version-service"]) {
      it(`renders ${service} of ${environment}`, async () => {
        const file = `argocd/applications/${environment}/${service}.yaml`;
        const values: unknown = parse(await readFile(join(repositoryRoot, file), "utf8"));
        const manifests = await render(service, values);
        expect(kinds(manifests)).to.deep.equal(
          environment === "dev" ? always : [...always, "PodDisruptionBudget"].sort(),
        );
        expect(new Set(manifests.map(({ metadata }) => metadata.name))).to.deep.equal(
          new Set([service]),
        );
      });
    }
  }

  it("reads the same values as the reader of service files", async () => {
    const textOf = (scalars: readonly string[]) =>
      stringify(compliant) +
      ["env:", ...scalars.map((one, index) => `  A${index}: ${one}`)].join("\n");
    const accepted = oddScalars.filter((one) => readServiceFile(textOf([one])));
    const env = readServiceFile(textOf(accepted))?.env ?? {};
    const rendered = await renderText("demo", textOf(accepted));
    expect(rendered.find(({ kind }) => kind === "Deployment"))
      .to.have.nested.property("spec.template.spec.containers[0].env")
      .that.has.deep.members(Object.entries(env).map(([name, value]) => ({ name, value })));
    expect(accepted).to.include.members(['"yes"', "oN", "v1.2.3"]);
  });

  for (const name of ["no", "on", "yes", "off", "y", "n", "true", "false", "null"]) {
    it(`takes the service name ${name} for a name`, async () => {
      const kubernetes = kubernetesOf("1.36");
      for (const manifest of await render(name, example)) {
        expect(manifest.metadata.name).to.equal(name);
        expect(kubernetes && kubernetesFaults(manifest, kubernetes)).to.deep.equal([]);
      }
    });
  }

  it("lets $ in a variable arrive as it is written", async () => {
    const env = { A: "pa$$word", B: "$(A)", C: "$", D: "$$(A)", E: "a$b${c}" };
    // What the kubelet makes of a value: $$ is $, $(NAME) another variable.
    const expand = (value: string) =>
      value.replace(/\$\$|\$\(\w+\)/g, (one) => (one === "$$" ? "$" : "expanded"));
    const deployment = await renderOne("Deployment", { ...compliant, env });
    const Env = z.array(z.object({ name: z.string(), value: z.string() }));
    const arrived = Env.parse(
      z
        .object({
          spec: z.object({
            template: z.object({
              spec: z.object({ containers: z.tuple([z.object({ env: Env })]) }),
            }),
          }),
        })
        .parse(deployment).spec.template.spec.containers[0].env,
    );
    expect(
      Object.fromEntries(arrived.map(({ name, value }) => [name, expand(value)])),
    ).to.deep.equal(env);
  });

  it("runs the tag of a hold, whatever image.tag says", async () => {
    const image = { ...example.image, tag: "sha-0000002" };
    const held = { tag: "sha-0000001", reason: "x" };
    const deployment = JSON.stringify(
      await renderOne("Deployment", { ...compliant, image, hold: held }),
    );
    expect(deployment).to.include(`"image":"${image.repository}:sha-0000001"`);
    expect(deployment).to.include('"app.kubernetes.io/version":"sha-0000001"');
    expect(deployment).not.to.include("sha-0000002");
  });

  it("renders only what Kubernetes knows when every option is on", async () => {
    const manifests = await render("demo", example);
    expect(kinds(manifests)).to.deep.equal(
      [...always, "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget"].sort(),
    );
    const kubernetes = kubernetesOf("1.36");
    expect(
      manifests.map((manifest) => kubernetes && kubernetesFaults(manifest, kubernetes)),
    ).to.deep.equal(manifests.map(() => []));
  });

  it("gives every resource the same labels", async () => {
    for (const { metadata } of await render("demo", example)) {
      expect(metadata.labels).to.deep.equal({
        "app.kubernetes.io/name": "demo",
        "app.kubernetes.io/instance": "demo",
        "app.kubernetes.io/version": "sha-3f2a9c1",
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": "standard-service-0.1.0",
      });
    }
  });

  describe("the Deployment", () => {
    const podOf = (deployment: Manifest) =>
      expect(deployment).to.have.nested.property("spec.template.spec");

    it("asks for no more than the restricted Pod security standard allows", async () => {
      const deployment = await renderOne("Deployment", compliant);
      podOf(deployment).that.deep.includes({
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          runAsGroup: 65532,
          fsGroup: 65532,
          seccompProfile: { type: "RuntimeDefault" },
        },
        volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
      });
      expect(deployment).to.have.deep.nested.property(
        "spec.template.spec.containers[0].securityContext",
        {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
      );
    });

    it("runs the file's image on the file's port, with its variables in order", async () => {
      const env = { ZONE: "UTC", DEBUG: "yes", QUOTE: `a "b" {{ .c }}\n#d` };
      const deployment = await renderOne("Deployment", { ...compliant, env });
      expect(deployment).to.have.nested.property("spec.template.spec.containers").with.length(1);
      expect(deployment)
        .to.have.nested.property("spec.template.spec.containers[0]")
        .that.deep.includes({
          name: "demo",
          image: `${example.image.repository}:${example.image.tag}`,
          ports: [{ name: "http", containerPort: 8080 }],
          env: [
            { name: "DEBUG", value: "yes" },
            { name: "QUOTE", value: env.QUOTE },
            { name: "ZONE", value: "UTC" },
          ],
        });
    });

    it("is probed where the file says", async () => {
      const deployment = await renderOne("Deployment", {
        ...compliant,
        health: { live: "/l", ready: "/r" },
      });
      const path = (probe: string) => `spec.template.spec.containers[0].${probe}.httpGet`;
      expect(deployment).to.have.deep.nested.property(path("startupProbe"), {
        path: "/l",
        port: "http",
      });
      expect(deployment).to.have.deep.nested.property(path("livenessProbe"), {
        path: "/l",
        port: "http",
      });
      expect(deployment).to.have.deep.nested.property(path("readinessProbe"), {
        path: "/r",
        port: "http",
      });
    });

    it("never has fewer replicas than wanted during a rollout, and lets requests finish", async () => {
      const deployment = await renderOne("Deployment", compliant);
      expect(deployment).to.have.deep.nested.property("spec.strategy", {
        type: "RollingUpdate",
        rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
      });
      expect(deployment).to.have.nested.property(
        "spec.template.spec.terminationGracePeriodSeconds",
        60,
      );
      expect(deployment).to.have.nested.property(
        "spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds",
        15,
      );
    });

    it("spreads over zones, then over nodes", async () => {
      const deployment = await renderOne("Deployment", compliant);
      expect(deployment)
        .to.have.nested.property("spec.template.spec.topologySpreadConstraints")
        .that.satisfies(
          (constraints: { topologyKey: string }[]) =>
            constraints.map(({ topologyKey }) => topologyKey).join() ===
            "topology.kubernetes.io/zone,kubernetes.io/hostname",
        );
    });

    it("restarts nothing when only the chart's version changes", async () => {
      const deployment = await renderOne("Deployment", compliant);
      expect(deployment).to.have.deep.nested.property("spec.template.metadata.labels", {
        "app.kubernetes.io/name": "demo",
        "app.kubernetes.io/instance": "demo",
        "app.kubernetes.io/version": "sha-3f2a9c1",
      });
    });

    it("has the size that the file names", async () => {
      const text = await readFile(join(chart, "sizes.yaml"), "utf8");
      const known = z.record(z.string(), z.unknown()).parse(parse(text));
      expect(Object.keys(known)).to.deep.equal(sizes);
      for (const size of sizes) {
        const deployment = await renderOne("Deployment", { ...compliant, resources: size });
        expect(deployment).to.have.deep.nested.property(
          "spec.template.spec.containers[0].resources",
          known[size],
        );
      }
    });
  });

  describe("replicas", () => {
    const cases: [title: string, replicas: unknown, wanted: number, more: string[]][] = [
      ["one: no budget, which would only stop its node from being drained", 1, 1, []],
      ["a fixed number", 3, 3, ["PodDisruptionBudget"]],
      [
        "a range: begins with its minimum",
        { min: 2, max: 6 },
        2,
        ["HorizontalPodAutoscaler", "PodDisruptionBudget"],
      ],
      ["a range from one", { min: 1, max: 2 }, 1, ["HorizontalPodAutoscaler"]],
      ["a range of one number", { min: 2, max: 2 }, 2, ["PodDisruptionBudget"]],
    ];
    for (const [title, replicas, wanted, more] of cases) {
      it(title, async () => {
        const manifests = await render("demo", { ...compliant, replicas });
        expect(kinds(manifests)).to.deep.equal([...always, ...more].sort());
        const deployment = manifests.find(({ kind }) => kind === "Deployment");
        expect(deployment).to.have.nested.property("spec.replicas", wanted);
      });
    }

    it("hands the range to the autoscaler", async () => {
      const scaler = await renderOne("HorizontalPodAutoscaler", {
        ...compliant,
        replicas: { min: 2, max: 6 },
      });
      expect(scaler)
        .to.have.property("spec")
        .that.deep.includes({
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "demo" },
          minReplicas: 2,
          maxReplicas: 6,
        });
    });
  });

  describe("the NetworkPolicy", () => {
    const own = { podSelector: {} };
    const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((cidr) => ({
      ipBlock: { cidr },
    }));

    it("allows only the namespace in, and DNS, HTTPS and other services' load balancers out", async () => {
      const policy = await renderOne("NetworkPolicy", compliant);
      expect(policy).to.have.deep.property("spec", {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [own] }],
        egress: [
          { to: [own] },
          {
            ports: [
              { protocol: "UDP", port: 53 },
              { protocol: "TCP", port: 53 },
            ],
          },
          { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ protocol: "TCP", port: 443 }] },
          { to: privateNetworks, ports: [{ protocol: "TCP", port: 80 }] },
        ],
      });
    });

    it("lets the load balancer in with an ingress, on the port", async () => {
      const policy = await renderOne("NetworkPolicy", { ...compliant, ingress: { path: "/" } });
      expect(policy).to.have.deep.nested.property("spec.ingress", [
        { from: [own] },
        { from: privateNetworks, ports: [{ protocol: "TCP", port: 8080 }] },
      ]);
    });
  });

  describe("the Ingress", () => {
    it("is the namespace's own load balancer, inside the VPC", async () => {
      const ingress = await renderOne("Ingress", {
        ...compliant,
        ingress: { path: "/api", host: "time.example.com" },
      });
      expect(ingress.metadata.annotations).to.deep.equal({
        "alb.ingress.kubernetes.io/group.name": "demo",
        "alb.ingress.kubernetes.io/scheme": "internal",
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/healthcheck-path": "/ready",
        "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "10",
        "alb.ingress.kubernetes.io/success-codes": "200-299",
        "alb.ingress.kubernetes.io/target-group-attributes":
          "deregistration_delay.timeout_seconds=30",
      });
      const backend = { service: { name: "demo", port: { name: "http" } } };
      expect(ingress).to.have.deep.property("spec", {
        ingressClassName: "alb",
        rules: [
          {
            host: "time.example.com",
            http: { paths: [{ path: "/api", pathType: "Prefix", backend }] },
          },
        ],
      });
    });

    it("answers to any host when the file names none", async () => {
      const ingress = await renderOne("Ingress", { ...compliant, ingress: { path: "/" } });
      expect(ingress).not.to.have.nested.property("spec.rules[0].host");
    });
  });

  describe("refuses, by its schema,", () => {
    const { port, ...portless } = compliant;
    const cases: [title: string, values: object, expected: string[]][] = [
      ["a missing key", portless, ["- at '': missing property 'port'"]],
      [
        "an unknown key",
        { ...compliant, sync: "automated" },
        ["- at '': additional properties 'sync' not allowed"],
      ],
      [
        "a moving tag",
        { ...compliant, image: { ...example.image, tag: "latest" } },
        ["- at '/image/tag': 'latest' does not match pattern"],
      ],
      [
        "a public registry",
        { ...compliant, image: { ...example.image, repository: "docker.io/idp/x" } },
        ["- at '/image/repository': 'docker.io/idp/x' does not match pattern"],
      ],
      [
        "a port that is text",
        { ...compliant, port: String(port) },
        ["- at '/port': got string, want integer"],
      ],
      [
        "an unknown size",
        { ...compliant, resources: "huge" },
        ["- at '/resources': value must be one of 'small', 'medium', 'large'"],
      ],
      [
        "no replica",
        { ...compliant, replicas: 0 },
        [
          "- at '/replicas': 'anyOf' failed",
          "- at '/replicas': minimum: got 0, want 1",
          "- at '/replicas': got number, want object",
        ],
      ],
      [
        "a variable that is not text",
        { ...compliant, env: { FLAG: true } },
        ["- at '/env/FLAG': got boolean, want string"],
      ],
      [
        "all faults at once",
        { ...portless, resources: "huge", sync: "automated" },
        [
          "- at '': missing property 'port'",
          "- at '': additional properties 'sync' not allowed",
          "- at '/resources': value must be one of 'small', 'medium', 'large'",
        ],
      ],
    ];
    for (const [title, values, expected] of cases) {
      it(title, async () => {
        const found = await refusal(values);
        // Patterns are cut off: they are long, and the schema's test has them.
        expect(found.map((line) => line.replace(/ '\^.*$/, ""))).to.have.members(expected);
      });
    }
  });

  it("refuses a maximum of replicas below the minimum, which a schema cannot express", async () => {
    const found = await refusal({ ...compliant, replicas: { min: 3, max: 2 } });
    expect(found).to.have.length(1);
    expect(found[0]).to.match(/: replicas\.max: found 2; must not be less than min, which is 3$/);
  });

  it("has the catalog's schema", async () => {
    const committed = await readFile(join(repositoryRoot, valuesSchemaFile), "utf8");
    expect(committed, "run: node catalog/values-schema.ts").to.equal(await valuesSchema());
  });

  it("passes Helm's own lint", async () => {
    expect(
      await helm(["lint", "--strict", chart, "--values", "-"], JSON.stringify(example)),
    ).to.include("0 chart(s) failed");
  });
});
