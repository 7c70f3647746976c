import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { checkRepository } from "../../cli/check.ts";
import { formatFinding, type Finding } from "../../catalog/finding.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import type { CheckOptions } from "../../policy/repository/check.ts";
import { ensureHelm, helm } from "../chart/helm.ts";

const stackFiles = environments.map((environment) => `Pulumi.${environment}.yaml`);
const template = "helm-charts/standard-service/templates";
const service = "argocd/applications/prod/time-service.yaml";

let root: string;

function copy(names: readonly string[]): void {
  root = mkdtempSync(join(tmpdir(), "idp-policy-check-"));
  for (const name of names)
    cpSync(join(repositoryRoot, name), join(root, name), { recursive: true });
}

/** Replaces text in a file of the copy; fails when it is not there. */
function edit(file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(join(root, file), "utf8");
  const after = before.replace(from, to);
  expect(after, `${file} has ${String(from)}`).not.to.equal(before);
  writeFileSync(join(root, file), after);
}

/** Where a text stands in a file of the copy: a fork's settings have more lines. */
function lineOf(file: string, text: string): number {
  return readFileSync(join(root, file), "utf8").split(text)[0]?.split("\n").length ?? 0;
}

/** Releases that define no kinds. */
const readRelease: CheckOptions["readRelease"] = () => Promise.resolve([]);

async function check(
  now = new Date("2026-11-24"),
  more: Partial<CheckOptions> = {},
): Promise<Finding[]> {
  const options = { helm, readRelease, concurrency: 2, before: () => undefined, now };
  return checkRepository(root, { ...options, ...more });
}

function short(findings: readonly Finding[]): string[] {
  return findings.map(({ file, line, rule, level }) => `${file}:${line} ${level} ${rule}`);
}

describe("idp check by every rule", function () {
  this.timeout(60_000);

  before(async function () {
    this.timeout(0);
    await ensureHelm();
  });
  beforeEach(() => {
    copy(["argocd", "helm-charts", "policy/exceptions.yaml", ...stackFiles]);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("finds nothing wrong with the repository itself", async () => {
    expect((await check()).map(formatFinding)).to.deep.equal([]);
  });

  it("says place, rule, reason and fix, once for each wrong setting", async () => {
    edit("Pulumi.prod.yaml", "sync: manual", "sync: automated");
    const line = lineOf("Pulumi.prod.yaml", "sync: automated");
    expect((await check()).map(formatFinding)).to.deep.equal([
      `Pulumi.prod.yaml:${line}:11 (ApplicationSet argocd/services) error prod-applications-sync-manually: argoCd.sync: found "automated"; must be "manual" in prod
    Why: A person starts every change of prod, whoever wrote it and however it gets there.
    Fix: leave syncPolicy.automated, templatePatch, rollingSync and operation out; idp:argoCd.sync is "manual" in Pulumi.prod.yaml`,
    ]);
  });

  const changes: readonly (readonly [
    title: string,
    file: string,
    from: string | RegExp,
    to: string,
    expected: readonly string[],
  ])[] = [
    [
      "image updates in prod",
      "Pulumi.prod.yaml",
      "strategy: pinned",
      `strategy: semver\n    imageUpdater: { version: 1.3.0, manifestSha256: ${"0".repeat(64)}, intervalSeconds: 60 }`,
      // Two settings that do not go together: their schema says so before any rule.
      ["Pulumi.prod.yaml error settings-are-valid"],
    ],
    [
      "another branch",
      "Pulumi.staging.yaml",
      "branch: main",
      "branch: next",
      ["Pulumi.staging.yaml error applications-follow-the-main-branch"],
    ],
    [
      "another repository",
      "Pulumi.dev.yaml",
      "url: https://github.com/",
      "url: https://github.com/mallory-",
      ["Pulumi.dev.yaml error applications-come-from-this-repository"],
    ],
    [
      "prod that can be deleted",
      "Pulumi.prod.yaml",
      "deletionProtection: true",
      "deletionProtection: false",
      ["Pulumi.prod.yaml error prod-cluster-refuses-deletion"],
    ],
    [
      "prod in one zone",
      "Pulumi.prod.yaml",
      "OnePerAz",
      "Single",
      ["Pulumi.prod.yaml error prod-network-survives-a-zone"],
    ],
    [
      "an API open to the world in staging",
      "Pulumi.staging.yaml",
      "publicAccessCidrs: []",
      'publicAccessCidrs: ["0.0.0.0/0"]',
      ["Pulumi.staging.yaml error cluster-endpoint-is-not-open"],
    ],
    [
      "a release that staging does not run",
      service,
      "tag: v1.0.0",
      "tag: v9.9.9",
      [`${service}:4 error releases-pass-through-staging`],
    ],
    [
      "a chart that runs as root",
      `${template}/deployment.yaml`,
      "runAsNonRoot: true",
      "runAsNonRoot: false",
      [`${template}/deployment.yaml error containers-run-as-nobody`],
    ],
    [
      "a chart with privilege",
      `${template}/deployment.yaml`,
      "allowPrivilegeEscalation: false",
      "privileged: true",
      [`${template}/deployment.yaml error containers-have-no-privilege`],
    ],
    [
      "a chart without limits",
      `${template}/deployment.yaml`,
      /resources:\n.*\n/,
      "resources: {}\n",
      [`${template}/deployment.yaml error containers-have-limits`],
    ],
    [
      "a chart without a probe",
      `${template}/deployment.yaml`,
      "readinessProbe:",
      "startupProbe2:",
      [
        `${template}/deployment.yaml error containers-have-probes`,
        `${template}/deployment.yaml error kubernetes-schema`,
      ],
    ],
    [
      "a chart that takes the latest image of another registry",
      `${template}/deployment.yaml`,
      /image: \{\{.*\}\}/,
      "image: docker.io/library/nginx:latest",
      [
        `${template}/deployment.yaml error images-are-of-the-environments-kind`,
        `${template}/deployment.yaml error images-come-from-the-own-registry`,
        `${template}/deployment.yaml error images-name-a-version`,
      ],
    ],
    [
      "a chart without a budget",
      `${template}/pod-disruption-budget.yaml`,
      /[^]*/,
      "",
      ["helm-charts/standard-service/Chart.yaml:1 error prod-replicas-have-a-budget"],
    ],
    [
      "a chart without a network policy",
      `${template}/network-policy.yaml`,
      /[^]*/,
      "",
      ["helm-charts/standard-service/Chart.yaml:1 error services-have-a-network-policy"],
    ],
    [
      "a chart with a word the API does not know",
      `${template}/service.yaml`,
      "spec:",
      "spec:\n  sessionAfinity: None",
      [`${template}/service.yaml error kubernetes-schema`],
    ],
    [
      "a chart that Helm cannot render",
      `${template}/service.yaml`,
      "spec:",
      "spec: {{ fail `broken` }}",
      environments.flatMap((environment) =>
        ["time-service", "version-service"].map(
          (name) => `argocd/applications/${environment}/${name}.yaml:1 error chart-renders`,
        ),
      ),
    ],
  ];
  for (const [title, file, from, to, expected] of changes) {
    it(`refuses ${title}`, async () => {
      edit(file, from, to);
      const found = short(await check());
      // Where the case gives no line, any line of the file will do: the text above it may change.
      const shown = found.map((line) =>
        expected.includes(line) ? line : line.replace(/:\d+ /, " "),
      );
      expect([...new Set(shown)].sort()).to.deep.equal([...expected].sort());
      expect(found.filter((line) => /:(0|NaN) /.test(line))).to.deep.equal([]);
    });
  }

  it("refuses what the program's own code would make", async () => {
    const code = [
      ...["bin", "catalog", "cli", "components", "config", "lib", "twin", "policy"],
      ...["package.json", "index.ts", "inputs.ts"],
    ];
    rmSync(root, { recursive: true });
    copy(["argocd", "helm-charts", ...stackFiles, ...code]);
    symlinkSync(join(repositoryRoot, "node_modules"), join(root, "node_modules"));
    edit("components/gitops.ts", "sourceRepos: [repository.url]", 'sourceRepos: ["*"]');
    edit("components/argocd-config.ts", '"exec.enabled": "false"', '"exec.enabled": "true"');
    edit(
      "components/registry.ts",
      'imageTagMutability: "IMMUTABLE"',
      'imageTagMutability: "MUTABLE"',
    );
    edit("components/gitops.ts", "template: {", 'templatePatch: "spec: {}",\n      template: {');
    const { stdout, exitCode } = await execa(
      process.execPath,
      [join(root, "bin/idp.js"), "check", "--json"],
      { reject: false },
    );
    expect(exitCode).to.equal(1);
    const found = short(JSON.parse(stdout) as Finding[]).map((line) => line.replace(/:\d+ /, " "));
    expect([...new Set(found)].sort()).to.deep.equal(
      [
        "components/argocd-config.ts error argocd-is-locked",
        "components/gitops.ts error applications-come-from-this-repository",
        "components/gitops.ts error projects-are-narrow",
        "components/gitops.ts error prod-applications-sync-manually",
        "components/registry.ts error images-never-move",
        // In dev as a warning.
        ...["components/argocd-config.ts", "components/gitops.ts"].flatMap((file) =>
          ["error", "warning"].map((level) => `${file} ${level} stacks-hold-what-is-listed`),
        ),
      ].sort(),
    );
  });

  it("renders each service for its environment's own Kubernetes version", async () => {
    edit("Pulumi.dev.yaml", 'version: "1.36"', 'version: "1.35"');
    const asked = new Set<string>();
    await check(undefined, {
      helm: (args) => {
        const values = args[args.indexOf("--values") + 1] ?? "";
        asked.add(`${values.split("/").at(-2)} ${args[args.indexOf("--kube-version") + 1]}`);
        return helm(args);
      },
    });
    expect([...asked].sort()).to.deep.equal(["dev 1.35", "prod 1.36", "staging 1.36"]);
  });

  it("excepts what somebody answers for, until it runs out", async () => {
    edit("Pulumi.prod.yaml", "OnePerAz", "Single");
    writeFileSync(
      join(root, "policy/exceptions.yaml"),
      `- rule: prod-network-survives-a-zone
  environment: prod
  where: Stack prod
  owner: platform-team
  reason: the price
  until: 2026-12-31
`,
    );
    expect(short(await check())).to.deep.equal([]);
    expect(short(await check(new Date("2027-01-01")))).to.deep.equal([
      `Pulumi.prod.yaml:${lineOf("Pulumi.prod.yaml", "Single")} error prod-network-survives-a-zone`,
      "policy/exceptions.yaml:1 error exceptions-are-current",
    ]);
  });

  /** A program that registers a cluster as the settings ask for it, and a repository whose tags move. */
  const record: CheckOptions["record"] = ({ runs }) =>
    Promise.resolve(
      runs.map(({ stack, config }) => {
        const { deletionProtection } = JSON.parse(config["idp:cluster"] ?? "") as {
          deletionProtection: boolean;
        };
        const parentUrn = `urn:pulumi:${stack}::idp::idp:platform:Registry::idp-registry`;
        const urn = { urn: "", parent: "", protect: deletionProtection };
        return {
          resources: [
            {
              ...{ ...urn, type: "idp:platform:Registry", name: "idp-registry", props: {} },
              urn: parentUrn,
            },
            {
              ...{ ...urn, type: "aws:ecr/repository:Repository", name: "idp/localtime" },
              parent: parentUrn,
              props: {
                imageTagMutability: "MUTABLE",
                imageScanningConfiguration: { scanOnPush: true },
                encryptionConfigurations: [{ encryptionType: "KMS" }],
                tags: { environment: stack },
              },
            },
            {
              ...{ ...urn, type: "eks:index:Cluster", name: "idp-cluster" },
              props: {
                deletionProtection,
                endpointPublicAccess: false,
                encryptionConfigKeyArn: "arn",
                enabledClusterLogTypes: [
                  ...["api", "audit", "authenticator", "controllerManager", "scheduler"],
                ],
              },
            },
          ],
        };
      }),
    );

  it("judges what the program registers, at the component that does, and each wrong setting once", async () => {
    edit("Pulumi.prod.yaml", "deletionProtection: true", "deletionProtection: false");
    const findings = await check(undefined, { record });
    expect(
      findings.map(
        ({ file, where, rule, message }) => `${file} (${where ?? "?"}) ${rule}: ${message}`,
      ),
    ).to.deep.equal([
      'components/registry.ts (Repository idp/localtime) images-never-move: imageTagMutability: found "MUTABLE"; must be "IMMUTABLE"',
      "Pulumi.prod.yaml (Cluster idp-cluster) prod-cluster-refuses-deletion: cluster.deletionProtection: found false; must be true in prod",
    ]);
  });

  it("excepts a setting by the name of what it leads to, as a plan calls it", async () => {
    edit("Pulumi.prod.yaml", "deletionProtection: true", "deletionProtection: false");
    const except = (rules: readonly string[], where: string) => {
      writeFileSync(
        join(root, "policy/exceptions.yaml"),
        JSON.stringify(
          rules.map((rule) => ({
            ...{ rule, environment: "prod", where, until: "2026-12-31" },
            ...{ owner: "platform-team", reason: "the last day" },
          })),
        ),
      );
    };
    const rulesOf = async (more: Partial<CheckOptions>) => [
      ...new Set((await check(undefined, more)).map(({ rule }) => rule)),
    ];
    except(["prod-cluster-refuses-deletion"], "Cluster idp-cluster");
    expect(await rulesOf({ record })).to.deep.equal([
      "images-never-move",
      "prod-resources-are-protected",
    ]);
    expect(await rulesOf({})).to.deep.equal(["prod-resources-outlive-their-application"]);
    except(["prod-cluster-refuses-deletion"], "Cluster other");
    expect(await rulesOf({ record })).to.deep.equal([
      "images-never-move",
      "prod-cluster-refuses-deletion",
    ]);
  });

  it("refuses what the program refuses, and judges the rest", async () => {
    edit("Pulumi.staging.yaml", "branch: main", "branch: next");
    const findings = await check(undefined, {
      record: ({ runs }) =>
        Promise.resolve(
          runs.map(({ stack }) =>
            stack === "staging" ? { error: "idp:network.cidr: found 1" } : { resources: [] },
          ),
        ),
    });
    expect(
      findings
        .filter(({ file }) => file === "Pulumi.staging.yaml")
        .map(({ rule, message }) => `${rule}: ${message}`),
    ).to.deep.equal([
      "program-runs: found idp:network.cidr: found 1; must be accepted by the program",
      'applications-follow-the-main-branch: repository.branch: found "next"; must be "main"',
    ]);
  });

  it("checks what the program hands to Argo CD by the kinds of the pinned releases", async () => {
    const project = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "appprojects.argoproj.io" },
      spec: {
        group: "argoproj.io",
        names: { kind: "AppProject" },
        versions: [
          {
            name: "v1alpha1",
            served: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                required: ["spec"],
                properties: {
                  spec: {
                    type: "object",
                    properties: {
                      description: { type: "string" },
                      sourceRepos: { type: "array", items: { type: "integer" } },
                      destinations: { "x-kubernetes-preserve-unknown-fields": true },
                      clusterResourceWhitelist: { type: "array", items: { type: "object" } },
                      namespaceResourceWhitelist: {},
                    },
                  },
                },
              },
            },
          },
        ],
      },
    };
    const url = /url: (\S+)/.exec(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"))?.[1] ?? "";
    const asked = new Set<string>();
    const findings = await check(undefined, {
      readRelease: ({ sha256 }) => {
        asked.add(sha256);
        return Promise.resolve([project]);
      },
    });
    expect(asked.size, "Argo CD plain and HA, Image Updater").to.equal(3);
    expect(findings.map(({ file, rule, message }) => `${file} ${rule} ${message}`)).to.deep.equal([
      fault("sourceRepos[0]", `"${url}"`, "must be a whole number"),
      unknown("clusterResourceWhitelist[0].group"),
      unknown("clusterResourceWhitelist[0].kind"),
      unknown("syncWindows"),
    ]);

    function unknown(path: string): string {
      return fault(path, "an unknown field", "must be a field of the kind");
    }

    function fault(path: string, found: string, allowed: string): string {
      return `components/gitops.ts kubernetes-schema spec.${path}: found ${found}; ${allowed} (argoproj.io/v1alpha1 AppProject)`;
    }
  });

  it("warns where there is no schema of the environment's Kubernetes", async () => {
    edit("Pulumi.dev.yaml", 'version: "1.36"', 'version: "1.99"');
    const findings = await check();
    expect(short(findings)).to.deep.equal(["Pulumi.dev.yaml:1 warning kinds-are-known"]);
    expect(findings[0]?.found).to.equal("no schema of Kubernetes 1.99");
  });

  it("warns where a release is not to be had, and checks the rest", async () => {
    edit("Pulumi.prod.yaml", "OnePerAz", "Single");
    const findings = await check(undefined, {
      readRelease: ({ url }) => Promise.reject(new Error(`there is no ${url}`)),
    });
    expect(short(findings)).to.deep.equal([
      "Pulumi.dev.yaml:1 warning kinds-are-known",
      "Pulumi.dev.yaml:1 warning kinds-are-known",
      "Pulumi.staging.yaml:1 warning kinds-are-known",
      "Pulumi.staging.yaml:1 warning kinds-are-known",
      `Pulumi.prod.yaml:${lineOf("Pulumi.prod.yaml", "Single")} error prod-network-survives-a-zone`,
      "Pulumi.prod.yaml:1 warning kinds-are-known",
    ]);
    expect(findings[0]?.message).to.match(
      /^found no release manifest: Error: there is no file:.*\/install\.yaml; must/,
    );
  });

  it("refuses an older version than before, unless it is meant", async () => {
    const before = (file: string) =>
      readFileSync(join(root, file), "utf8").replace("tag: v1.0.0", "tag: v1.0.1");
    const checkAgainst = async () =>
      short(await check(undefined, { before })).filter((line) => line.includes(service));
    expect(await checkAgainst()).to.deep.equal([`${service}:4 error versions-go-forward`]);
    appendFileSync(
      join(root, service),
      "hold:\n  tag: v1.0.0\n  reason: v1.0.1 loses time zones\n",
    );
    expect(await checkAgainst()).to.deep.equal([]);
    edit(service, "  tag: v1.0.0\n  reason", "  tag: v9.9.9\n  reason");
    expect(await checkAgainst()).to.deep.equal([
      `${service}:9 error releases-pass-through-staging`,
    ]);
  });
});
