/**
 * The policy pack under the real engine: programs that try to get an automated sync into prod, each by another road,
 * are refused in preview and in up; in dev nobody is bothered. No cluster is needed: the Kubernetes provider writes files.
 */
import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";
import { engineFor, type Engine } from "../support/engine.ts";

const rule = "prod-applications-sync-manually";
const fix = "Fix: leave syncPolicy.automated, templatePatch, rollingSync and operation out";
const pack = ["--policy-pack", join(repositoryRoot, "policy")];

const roads = [
  "syncPolicy",
  "templatePatch",
  "generator",
  "rollingSync",
  "patch",
  "customResource",
  "configGroup",
  "output",
  "unknown",
];

const notListed = "must be listed as this line of policy/allowed/prod.txt:";
/** What no rule forbids by name: how a line that would allow it begins, by its name in powers.ts. */
const powers: Readonly<Record<string, string>> = {
  syncWindow: "kubernetes:argoproj.io/v1alpha1:AppProject argocd/services: spec.syncWindows[] =",
  otherCluster: "kubernetes:argoproj.io/v1alpha1:Application argocd/elsewhere",
  allNamespaces:
    'kubernetes:core/v1:ConfigMap argocd/argocd-cmd-params-cm: data["application.namespaces"] = "*"',
  everybodyAdministrator:
    'kubernetes:core/v1:ConfigMap argocd/argocd-rbac-cm: data["policy.csv"] = "g, *, role:admin"',
  jobAsController: "kubernetes:batch/v1:Job argocd/job",
  clusterAdmin: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding everybody",
  clusterSecret: "kubernetes:core/v1:Secret argocd/cluster",
  admissionPolicy: "kubernetes:admissionregistration.k8s.io/v1:MutatingAdmissionPolicy argocd/all",
  loadBalancer: "kubernetes:core/v1:Service argocd/open",
  foreignPodRole: "aws:eks/podIdentityAssociation:PodIdentityAssociation idp-image-updater",
  foreignAdministrator:
    'aws:eks/accessPolicyAssociation:AccessPolicyAssociation idp-cluster-audit-admin-view: principalArn = "arn:aws:iam::935743309409:role/admin"',
  openSecurityGroup:
    'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule idp-runner-cluster: cidrIpv4 = "0.0.0.0/0"',
  trustsEverybody:
    'aws:iam/role:Role idp-github-audit: assumeRolePolicy.Statement[] = {"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":"*"}}',
  accessKey: "aws:iam/accessKey:AccessKey key",
};

describe("the policy pack under the real engine", function () {
  this.timeout(180_000);
  let engine: Engine;

  before(async function () {
    this.timeout(3_600_000);
    engine = await engineFor("policy", ["@pulumi/aws", "@pulumi/kubernetes"]);
    for (const [stack, accountId] of [
      ["prod", "100000000003"],
      ["dev", "935743309409"],
    ] as const) {
      await run(["stack", "init", stack]);
      for (const [key, value] of [
        ["aws", { accountId, region: "us-west-2" }],
        ["repository", { url: "https://github.com/acme/idp", branch: "main" }],
      ] as const) {
        await run(["config", "set", "--stack", stack, `idp:${key}`, JSON.stringify(value)]);
      }
    }
  });

  after(() => {
    engine.remove();
  });

  async function run(args: readonly string[], road = "") {
    const rendered = join(engine.folder, `rendered-${road}`);
    const { code, text } = await engine.pulumi(args, { CASE: road, RENDERED: rendered });
    return { code, text, rendered };
  }

  /** Files that were applied, as the provider writes them. */
  function applied(folder: string): string[] {
    return existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".yaml"))
          .map((file) => readFileSync(join(folder, file), "utf8"))
      : [];
  }

  for (const road of roads) {
    it(`refuses ${road} in prod, in preview and in up`, async () => {
      for (const verb of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const { code, text, rendered } = await run([...verb, "--stack", "prod", ...pack], road);
        expect(code, text).not.to.equal(0);
        expect(text).to.include(rule);
        expect(text).to.include(fix);
        expect(applied(rendered).filter((file) => file.includes("automated"))).to.deep.equal([]);
      }
    });
  }

  it("refuses in a preview of prod every power that is not listed, with the line that would allow it", async () => {
    const { code, text } = await run(["preview", "--stack", "prod", ...pack], "powers");
    expect(code, text).not.to.equal(0);
    for (const line of Object.values(powers)) expect(text).to.include(`${notListed} ${line}`);
  });

  // The engine ends an update at the first resource that is refused.
  for (const [power, line] of Object.entries(powers)) {
    it(`refuses ${power} in an update of prod`, async () => {
      const { code, text, rendered } = await run(
        ["up", "--yes", "--skip-preview", "--stack", "prod", ...pack],
        power,
      );
      expect(code, text).not.to.equal(0);
      expect(text).to.include(`${notListed} ${line}`);
      expect(applied(rendered)).to.deep.equal([]);
    });
  }

  for (const road of roads.filter((name) => name !== "unknown")) {
    it(`does not bother dev with ${road}`, async () => {
      const { code, text } = await run(["preview", "--stack", "dev", ...pack], road);
      expect(text).not.to.include(rule);
      expect(code, text).to.equal(0);
    });
  }
});
