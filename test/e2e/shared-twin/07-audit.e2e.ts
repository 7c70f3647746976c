/**
 * What somebody changes by hand, in the cluster and in the account, is in the audit's report; nothing is, as long as
 * nobody does. Repairs what it breaks.
 */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Store } from "../../../twin/aws/store.ts";
import { repositoryUrl, requireTwin, twinAccounts, twinPaths } from "../../../twin/state/twin.ts";
import { commit, eventually, idp, kubectl, pulumi, succeeded } from "../support/twin.ts";

interface Finding {
  readonly rule: string;
  readonly seen: string;
  readonly where: string;
  readonly message: string;
}

/** What the audit of prod finds, sorted, and its exit code. */
async function audit() {
  const { exitCode, stdout, all } = await idp("audit", "prod", "--json");
  let findings: Finding[];
  try {
    findings = JSON.parse(stdout) as Finding[];
  } catch {
    throw new Error(`no report:\n${all}`);
  }
  const lines = findings.map(({ rule, seen, where, message }) =>
    `${seen} ${rule} ${where}: ${message}`.replace(/since \S+ (.*repository) .*/s, "$1 ..."),
  );
  return { exitCode, lines: lines.sort() };
}

const argoCd = (...args: string[]) => kubectl("prod", "--namespace", "argocd", ...args);
const patch = (object: string, change: object) =>
  argoCd("patch", object, "--type", "merge", "--patch", JSON.stringify(change));

async function create(object: object): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "idp-e2e-audit-"));
  const file = join(folder, "object.json");
  writeFileSync(file, JSON.stringify(object));
  await argoCd("create", "-f", file);
  rmSync(folder, { recursive: true });
}

/** Deletes a role of prod's account behind everybody's back. */
function deleteRole(name: RegExp): void {
  const type = "aws:iam/role:Role";
  const account = new Store(join(twinPaths().state, "aws", twinAccounts.prod.accountId));
  const role = account.list(type).find(({ id }) => name.test(id));
  if (!role) throw new Error(`prod has no role ${String(name)}`);
  account.delete(type, role.id);
}

/** Why an Application of prod may not have an automated sync, and with which it was found. */
const automated = (path: string, found: string) =>
  `${path}: found ${found}; must not be there: in prod a person starts every sync`;

describe("idp audit", function () {
  this.timeout(600_000);
  const byHand = "made-by-hand";
  const broken = "argocd/applications/prod/broken.yaml";

  it("finds nothing where nobody changed anything", async () => {
    expect(await audit()).to.deep.equal({ exitCode: 0, lines: [] });
  });

  it("finds what was changed by hand, in the account and in the cluster", async () => {
    // The cluster's access entries name it: a new one has another ARN.
    deleteRole(/^idp-github-preview-/);
    await patch("appproject/default", { spec: { sourceRepos: ["*"] } });
    await patch("configmap/argocd-cm", {
      data: { "timeout.reconciliation": "9s", "users.anonymous.enabled": "true" },
    });
    await patch("applicationset/services", {
      spec: { template: { spec: { syncPolicy: { automated: { prune: true } } } } },
    });
    // One that no stack and no ApplicationSet knows of.
    const { spec } = JSON.parse(
      await argoCd("get", "application", "time-service", "-o", "json"),
    ) as { spec: object };
    const application = {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { name: byHand, namespace: "argocd" },
      spec: { ...spec, syncPolicy: { automated: {} } },
    };
    await create(application);
    await eventually(
      "the ApplicationSet has handed its automated sync on",
      () => argoCd("get", "application", "version-service", "-o", "json"),
      (text) => text.includes('"automated"'),
    );
    // One service is gone, and a file keeps Argo CD from the folder.
    await kubectl("prod", "delete", "namespace", "version-service");
    await commit("Break a file", () => Promise.resolve({ [broken]: "a: [\n" }));
    await eventually(
      "Argo CD has met it",
      () => argoCd("get", "applicationset", "services", "-o", "json"),
      (text) => text.includes("unable to process file"),
    );

    const rule = "cluster prod-applications-sync-manually";
    expect(await audit()).to.deep.equal({
      exitCode: 1,
      lines: [
        `cluster applications-come-from-this-repository AppProject argocd/default: spec.sourceRepos[0]: found "*"; must be ${repositoryUrl(requireTwin())}`,
        'cluster argocd-is-locked ConfigMap argocd/argocd-cm: data.users.anonymous.enabled: found "true"; must be one of "false"',
        "cluster gone Application argocd/version-service: what was synced of it is gone",
        `${rule} Application argocd/${byHand}: ${automated("spec.syncPolicy.automated", "{}")}`,
        ...["time-service", "version-service"].map(
          (service) =>
            `${rule} Application argocd/${service}: ${automated("spec.syncPolicy.automated", '{"prune":true}')}`,
        ),
        `${rule} ApplicationSet argocd/services: ${automated("spec.template.spec.syncPolicy.automated", '{"prune":true}')}`,
        'cluster projects-are-narrow AppProject argocd/default: spec.sourceRepos[0]: found "*"; must name one repository',
        `cluster stacks-hold-what-is-listed Application argocd/${byHand}: found Application argocd/${byHand}, which no stack made; must not be in Argo CD's namespace`,
        `cluster unread ApplicationSet argocd/services: cannot read them: error generating params from git: unable to process file '${broken}' from repository ...`,
        'refresh drift ConfigMap argocd/argocd-cm: was changed: data["timeout.reconciliation"] from "10s" to "9s"; data["users.anonymous.enabled"] from "false" to "true"',
        "refresh drift Role idp-github-preview: is gone",
      ],
    });
  });

  it("finds nothing again after what docs/runbooks/drift.md says", async () => {
    await argoCd("delete", "application", byHand);
    await patch("appproject/default", { spec: { sourceRepos: [] } });
    await commit("Mend the folder", () => Promise.resolve({ [broken]: undefined }));
    // Argo CD writes the whole ApplicationSet then, and the next pulumi up must not conflict.
    succeeded(await idp("refresh", "prod"));
    succeeded(await idp("sync", "version-service"));
    await patch("applicationset/services", {
      spec: { template: { spec: { syncPolicy: { automated: null } } } },
    });
    succeeded(await pulumi("up", "-s", "prod", "--refresh", "--yes", "--skip-preview"));
    await eventually(
      "the ApplicationSet has taken its automated sync back",
      () => argoCd("get", "applications", "-o", "json"),
      (text) => !text.includes('"automated": {'),
    );
    expect(await audit()).to.deep.equal({ exitCode: 0, lines: [] });
  });
});
