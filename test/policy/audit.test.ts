import { mainBranch } from "../../config/main-branch.ts";
import { expect } from "chai";
import { stackOf } from "../../cli/audit.ts";
import { formatFinding } from "../../catalog/finding.ts";
import { auditFindings, type Deployed } from "../../policy/deployed/audit.ts";
import { changesIn } from "../../policy/deployed/changes.ts";
import { liveManifests, liveObjects } from "../../policy/deployed/live.ts";
import { readDeployed, type Run } from "../../policy/deployed/read.ts";
import { goneIn, unreadIn } from "../../policy/deployed/standing.ts";
import { builtInKinds, liveColumns, namespacedKinds } from "../../policy/deployed/undeclared.ts";
import { deployedResources } from "../../policy/deployed/state.ts";
import { allowedBy } from "../../policy/allowed.ts";
import { rules } from "../../policy/rules/index.ts";
import {
  closedWorld,
  stacksHoldWhatIsListed,
} from "../../policy/rules/stacks-hold-what-is-listed.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, prod, resource } from "./support.ts";

const today = new Date("2026-11-24T12:00:00Z");
const cluster = resource(
  "aws:eks/cluster:Cluster",
  {
    accessConfig: { bootstrapClusterCreatorAdminPermissions: false },
    deletionProtection: true,
    enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    encryptionConfig: { provider: { keyArn: "arn:aws:kms:us-west-2:100000000003:key/1" } },
    vpcConfig: { endpointPublicAccess: false },
  },
  true,
);
const clean: Deployed = {
  ...{ resources: [cluster], drift: [], pending: [], unread: [], gone: [] },
  ...{ objects: [], inNamespace: [] },
};
const application = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "time-service", namespace: "argocd" },
  spec: {
    source: { repoURL: prod.repositoryUrl, targetRevision: mainBranch },
    syncPolicy: { syncOptions: ["CreateNamespace=true"] },
  },
};

/** The cluster's own part of a list of what stacks may hold. */
const listed = closedWorld(allowedBy(() => [`${cluster.type} ${cluster.name}`]));
const asked = rules.map((rule) => (rule === stacksHoldWhatIsListed ? listed : rule));

/** The findings of the rules that are looked at here, in one line each. */
function said(change: Partial<Deployed>, environment: "dev" | "prod" = "prod"): string[] {
  const context = { ...prod, environment };
  return auditFindings(asked, { ...clean, ...change }, context, [], today).map(
    ({ where, seen, level, rule, message }) => `${where} (${seen}) ${level} ${rule}: ${message}`,
  );
}

describe("auditFindings", () => {
  it("has nothing to say of what is as it should be", () => {
    expect(said({ objects: [application, applications] })).to.deep.equal([]);
  });

  it("judges what the state holds, and the stack as a whole", () => {
    const open = { ...cluster.props, deletionProtection: false };
    expect(said({ resources: [{ ...cluster, props: open, protect: false }] })).to.deep.equal([
      "Cluster it (state) error prod-cluster-refuses-deletion: deletionProtection: found false; must be true in prod",
      "Stack prod (state) error prod-resources-are-protected: protect: found aws:eks/cluster:Cluster it without it; must be true in prod",
    ]);
  });

  it("judges what is in the cluster, made by the stack or not", () => {
    const automated = {
      ...application,
      spec: { ...application.spec, syncPolicy: { automated: {} } },
    };
    const openly = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "argocd-cm", namespace: "argocd" },
      data: { "exec.enabled": "true" },
    };
    expect(said({ objects: [automated, openly] })).to.deep.equal([
      "Application argocd/time-service (cluster) error prod-applications-sync-manually: spec.syncPolicy.automated: found {}; must not be there: in prod a person starts every sync",
      'ConfigMap argocd/argocd-cm (cluster) error argocd-is-locked: data.exec.enabled: found "true"; must be one of "false"',
    ]);
    expect(said({ objects: [automated] }, "dev")).to.deep.equal([]);
  });

  it("reports drift and what is pending beside the rules, each with its fix", () => {
    const change = { where: "Role it", message: "is gone" };
    const findings = auditFindings(
      asked,
      { ...clean, drift: [change], pending: [{ ...change, message: "would be made" }] },
      prod,
      [],
      today,
    );
    expect(findings.map(formatFinding)).to.deep.equal([
      `Role it (refresh) error drift: is gone
    Why: Somebody or something changed it beside the program: nobody reviewed that.
    Fix: pulumi up --refresh -s prod puts it back; what should stay goes into the program first`,
      `Role it (state) error pending: would be made
    Why: What is deployed is not what the program says.
    Fix: run the workflow provision.yml for prod, or pulumi up -s prod`,
    ]);
  });

  it("passes over what is excepted, to its last day", () => {
    const exception = {
      rule: "prod-applications-sync-manually",
      environment: "prod",
      where: "Application argocd/time-service",
      owner: "platform-team",
      reason: "a trial",
      until: "2026-11-24",
    } as const;
    const spec = { ...application.spec, syncPolicy: { automated: {} } };
    const deployed = { ...clean, objects: [{ ...application, spec }] };
    const count = (now: Date) =>
      auditFindings(asked, deployed, prod, [exception], now).filter(
        ({ rule }) => rule === exception.rule,
      ).length;
    expect(count(today)).to.equal(0);
    expect(count(new Date("2026-11-25"))).to.equal(1);
  });
});

describe("deployedResources", () => {
  const state = (more: object) => ({
    type: "aws:iam/role:Role",
    urn: "urn:pulumi:prod::idp::idp:platform:Cluster$aws:iam/role:Role::one::two",
    ...more,
  });
  const read = (...resources: object[]) => deployedResources({ deployment: { resources } });

  it("takes what the stack made and has", () => {
    const inputs = { a: [{ b: 1 }] };
    expect(read(state({ inputs, protect: true, outputs: { id: "x" } }))).to.deep.equal([
      {
        type: "aws:iam/role:Role",
        name: "one::two",
        props: inputs,
        outputs: { id: "x" },
        protect: true,
      },
    ]);
    expect(read(state({}))[0]).to.deep.include({ props: {}, outputs: {}, protect: false });
    expect(read(state({ delete: true }), state({ external: true }))).to.deep.equal([]);
    expect(deployedResources({ deployment: null })).to.deep.equal([]);
    expect(deployedResources({ deployment: {} })).to.deep.equal([]);
  });

  it("reads no secret", () => {
    const secret = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ciphertext: "v1:abc",
    };
    const [found] = read(
      state({ inputs: { a: secret, b: [secret, null] }, outputs: { c: secret } }),
    );
    expect(found?.props).to.deep.equal({ a: unknownValue, b: [unknownValue, null] });
    expect(found?.outputs).to.deep.equal({ c: unknownValue });
  });

  it("refuses anything that is not an export", () => {
    expect(() => deployedResources({ resources: [] })).to.throw(
      "what pulumi stack export printed is not a stack's state",
    );
  });
});

describe("what Argo CD says of its own objects", () => {
  const set = (status: string) => ({
    ...applications,
    metadata: { name: "services", namespace: "argocd" },
    status: {
      conditions: [
        {
          ...{ type: "ErrorOccurred", status, lastTransitionTime: "2026-11-24T11:00:00Z" },
          message: "unable to process file 'argocd/applications/prod/a.yaml': yaml: line 1",
        },
      ],
    },
  });
  const synced = (status: object) => ({ ...application, status: { history: [{}], ...status } });
  const runs = { health: { status: "Healthy" }, summary: { images: ["a:v1.0.0"] } };

  it("is a finding when it cannot read the service files", () => {
    const unread = unreadIn([set("True"), set("False"), applications, synced(runs)]);
    expect(unread).to.deep.equal([
      {
        where: "ApplicationSet argocd/services",
        message:
          "since 2026-11-24T11:00:00Z cannot read them: unable to process file 'argocd/applications/prod/a.yaml': yaml: line 1",
      },
    ]);
    const findings = auditFindings(asked, { ...clean, unread }, prod, [], today);
    expect(findings.map(({ rule, level, fix }) => [rule, level, fix])).to.deep.equal([
      ["unread", "error", "mend the file that it names, then npx idp refresh prod"],
    ]);
  });

  it("is a finding when what was synced is gone, and none when nobody synced it yet", () => {
    const missing = { health: { status: "Missing" } };
    const gone = goneIn([
      synced(missing),
      synced(runs),
      { ...application, status: missing },
      application,
      set("True"),
    ]);
    expect(gone).to.deep.equal([
      { where: "Application argocd/time-service", message: "what was synced of it is gone" },
    ]);
    const findings = auditFindings(asked, { ...clean, gone }, prod, [], today);
    expect(findings.map(({ rule, level, fix }) => [rule, level, fix])).to.deep.equal([
      ["gone", "error", "npx idp sync time-service prod makes it again"],
    ]);
  });
});

describe("liveManifests", () => {
  const live = (object: object) => liveManifests(liveObjects({ items: [object] }));

  it("takes what was asked for, not what the cluster says of it", () => {
    const metadata = { ...application.metadata, managedFields: [{ manager: "kubectl" }] };
    expect(
      live({ ...application, metadata, status: { sync: { revision: "3f2a9c1" } } }),
    ).to.deep.equal([application]);
  });

  const commit = "3f2a9c1".padEnd(40, "0");
  const by = (initiatedBy: object, sync: object) => ({
    ...application,
    operation: { initiatedBy, sync },
  });
  const nobody = { automated: true };
  const person = { username: "admin" };

  it("takes a sync that nobody started for one, and not a person's", () => {
    expect(live(by(nobody, {}))).to.deep.equal([by(nobody, {})]);
    expect(live(by(person, {}))).to.deep.equal([application]);
  });

  it("finds nothing wrong with a sync to a commit, which is how the followed branch is synced", () => {
    const judged = (operation: object) => said({ objects: live(operation) }, "dev");
    for (const initiatedBy of [nobody, person]) {
      expect(judged(by(initiatedBy, { revision: commit, prune: true }))).to.deep.equal([]);
      expect(judged(by(initiatedBy, { revision: "main" }))).to.deep.equal([]);
      expect(
        judged(by(initiatedBy, { revision: commit, source: application.spec.source })),
      ).to.deep.equal([]);
    }
    const [kept] = said({ objects: live(by(nobody, { revision: commit })) });
    expect(kept).to.contain("error prod-applications-sync-manually: operation: found");
    expect(said({ objects: live(by(person, { revision: commit })) })).to.deep.equal([]);
  });

  it("finds a sync to another branch or tag, whoever began it", () => {
    const where = "Application argocd/time-service (cluster) error";
    const rule = "applications-follow-the-main-branch";
    for (const initiatedBy of [nobody, person]) {
      const findings = (sync: object) => said({ objects: live(by(initiatedBy, sync)) }, "dev");
      for (const revision of ["feature", "v1.0.0", "3f2a9c1"]) {
        expect(findings({ revision })).to.deep.equal([
          `${where} ${rule}: operation.sync.revision: found "${revision}"; must be main`,
        ]);
      }
      const source = { ...application.spec.source, targetRevision: commit };
      expect(findings({ revision: commit, source })).to.deep.equal([
        `${where} ${rule}: operation.sync.source.targetRevision: found "${commit}"; must be main`,
      ]);
    }
  });

  it("refuses anything that is not a list", () => {
    expect(() => liveObjects({})).to.throw("what kubectl printed is not a list");
  });
});

describe("changesIn", () => {
  const urn = "urn:pulumi:prod::idp::idp:x:Y$kubernetes:core/v1:ConfigMap::settings";
  const where = "ConfigMap settings";
  const changes = (kind: "drift" | "pending", ...steps: object[]) => changesIn({ steps }, kind);

  it("ignores steps that change nothing", () => {
    expect(
      changes("drift", { op: "same", urn }, { op: "refresh", urn }, { op: "read", urn }),
    ).to.deep.equal([]);
    expect(changesIn({}, "drift")).to.deep.equal([]);
    expect(changesIn({ steps: null }, "pending")).to.deep.equal([]);
  });

  it("says what was changed, from what to what", () => {
    const step = {
      op: "update",
      urn,
      oldState: { inputs: { data: { "a.b": "1" } }, outputs: { list: [{ c: true }] } },
      newState: { inputs: { data: { "a.b": "2" } }, outputs: { list: [] } },
      detailedDiff: {
        'data["a.b"]': { kind: "update", inputDiff: true },
        "list[0].c": { kind: "delete", inputDiff: false },
      },
    };
    expect(changes("drift", step)).to.deep.equal([
      {
        where,
        message: 'was changed: data["a.b"] from "1" to "2"; list[0].c from true to nothing',
      },
    ]);
    expect(
      changes("pending", { ...step, detailedDiff: null, diffReasons: ["data"] }),
    ).to.deep.equal([{ where, message: "would be changed: data" }]);
    expect(changes("pending", { op: "update", urn })).to.deep.equal([
      { where, message: "would be changed" },
    ]);
  });

  it("says what is gone, and what the program would do", () => {
    expect(changes("drift", { op: "delete", urn })).to.deep.equal([{ where, message: "is gone" }]);
    const ops = ["create", "delete", "replace", "import"];
    expect(
      changes("pending", ...ops.map((op) => ({ op, urn }))).map(({ message }) => message),
    ).to.deep.equal(["would be made", "would be deleted", "would be replaced", "import"]);
  });

  it("refuses anything that is not a plan", () => {
    expect(() => changesIn({ steps: "none" }, "drift")).to.throw(
      "what pulumi printed is not a plan",
    );
  });
});

describe("readDeployed", () => {
  const aws = { accountId: "100000000003", region: "us-west-2", profile: "acme-prod" };
  const urn = "urn:pulumi:prod::idp::aws:eks/cluster:Cluster::idp";
  const answers: Readonly<Record<string, unknown>> = {
    "pulumi config --json": {
      "idp:aws": { value: JSON.stringify(aws), secret: false },
      "idp:repository": {
        value: JSON.stringify({ url: "https://github.com/acme/idp", branch: mainBranch }),
      },
      "idp:githubApp": { secret: true },
    },
    "pulumi stack export": {
      deployment: {
        resources: [
          {
            type: "aws:eks/cluster:Cluster",
            urn,
            outputs: {
              name: "idp-prod",
              endpoint: "https://127.0.0.1:1",
              certificateAuthority: { data: "Y2E=" },
            },
          },
        ],
      },
    },
    "pulumi refresh --preview-only --json": { steps: [{ op: "delete", urn }] },
    "pulumi preview --json": { steps: [{ op: "create", urn }] },
    [`kubectl get customresourcedefinitions -o jsonpath=${namespacedKinds}`]:
      "applications.argoproj.io\n",
    "kubectl get applications.argoproj.io --all-namespaces -o json": { items: [application] },
    "kubectl get configmaps,deployments.apps,statefulsets.apps --namespace argocd -o json": {
      items: [],
    },
    [`kubectl get ${[...builtInKinds, "applications.argoproj.io"].join(",")} --namespace argocd -o jsonpath=${liveColumns}`]:
      "v1\tConfigMap\targocd-cm\tu-1\t\n",
  };
  const calls: string[] = [];
  const run: Run = (program, args) => {
    const shown = args.filter(
      (_, index) =>
        !args
          .slice(Math.max(0, index - 1), index + 1)
          .some((word) => ["--kubeconfig", "--stack", "--non-interactive"].includes(word)),
    );
    const call = [program, ...shown].join(" ");
    calls.push(call);
    const answer = answers[call];
    if (answer === undefined) throw new Error(`unexpected: ${call}`);
    return Promise.resolve(typeof answer === "string" ? answer : JSON.stringify(answer));
  };

  it("asks the engine and the cluster, for the kinds that it has, and changes nothing", async () => {
    calls.length = 0;
    const { deployed, context } = await readDeployed("prod", "acme/prod", run, () => undefined);
    expect(calls).to.deep.equal(Object.keys(answers));
    expect(context).to.deep.equal({ ...prod, settings: context.settings });
    expect(context.settings.aws).to.deep.equal(aws);
    const where = "Cluster idp";
    expect(deployed.resources.map(({ type, name }) => `${type} ${name}`)).to.deep.equal([
      "aws:eks/cluster:Cluster idp",
    ]);
    expect(deployed.drift).to.deep.equal([{ where, message: "is gone" }]);
    expect(deployed.pending).to.deep.equal([{ where, message: "would be made" }]);
    expect(deployed.objects).to.deep.equal([application]);
    expect(deployed.inNamespace).to.deep.equal([
      { apiVersion: "v1", kind: "ConfigMap", name: "argocd-cm", uid: "u-1", owners: [] },
    ]);
  });

  it("says what to do about a stack with nothing in it", async () => {
    const empty: Run = (program, args) =>
      args[0] === "stack" ? Promise.resolve('{"deployment":{}}') : run(program, args);
    let message = "";
    try {
      await readDeployed("prod", "prod", empty, () => undefined);
    } catch (error) {
      message = String(error);
    }
    expect(message).to.equal("Error: Stack prod has no resources to audit. Fix: pulumi up -s prod");
  });
});

describe("stackOf", () => {
  it("takes PULUMI_STACK where it names the environment's stack", () => {
    expect(stackOf("prod", "acme/prod")).to.equal("acme/prod");
    expect(stackOf("prod", "prod")).to.equal("prod");
    expect(stackOf("prod", "acme/dev")).to.equal("prod");
    expect(stackOf("prod", undefined)).to.equal("prod");
  });
});
