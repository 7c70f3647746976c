import { expect } from "chai";
import { namedObjects, undeclaredIn, type LiveObject } from "../../policy/deployed/undeclared.ts";
import { unknownValue } from "../../policy/values.ts";
import { resource } from "./support.ts";

const declared = (type: string, name: string, namespace = "argocd") =>
  resource(`kubernetes:${type}`, { metadata: { name, namespace } });
const live = (kind: string, name: string, more: Partial<LiveObject> = {}): LiveObject => ({
  ...{ apiVersion: "v1", kind, name, uid: `${kind} ${name}`, owners: [] },
  ...more,
});
const owned = (kind: string, name: string, by: string): LiveObject =>
  live(kind, name, { owners: [{ uid: by, kind: by.split(" ")[0] ?? "" }] });
const names = (objects: readonly LiveObject[], resources = [declared("core/v1:ConfigMap", "a")]) =>
  undeclaredIn(objects, resources).map(({ kind, metadata }) => ({ kind, metadata }));
const found = (kind: string, name: string) => ({ kind, metadata: { name, namespace: "argocd" } });

describe("undeclaredIn", () => {
  it("knows what the stack declares, whichever version of its API it is in", () => {
    expect(names([live("ConfigMap", "a")])).to.deep.equal([]);
    const roles = [declared("rbac.authorization.k8s.io/v1beta1:Role", "r")];
    const role = live("Role", "r", { apiVersion: "rbac.authorization.k8s.io/v1" });
    expect(names([role], roles)).to.deep.equal([]);
    expect(names([{ ...role, apiVersion: "example.com/v1" }], roles)).to.deep.equal([
      found("Role", "r"),
    ]);
  });

  it("finds everything else, of whatever kind", () => {
    expect(names([live("ConfigMap", "b"), live("Secret", "a"), live("Job", "a")])).to.deep.equal([
      found("ConfigMap", "b"),
      found("Secret", "a"),
      found("Job", "a"),
    ]);
  });

  it("takes nothing of another namespace for declared", () => {
    expect(
      names([live("ConfigMap", "a")], [declared("core/v1:ConfigMap", "a", "kube-system")]),
    ).to.deep.equal([found("ConfigMap", "a")]);
    const unknown = resource("kubernetes:core/v1:ConfigMap", { metadata: unknownValue });
    expect(names([live("ConfigMap", "a")], [unknown, resource("aws:kms/key:Key", {})]))
      .to.have //
      .length(1);
  });

  it("knows what Kubernetes, Argo CD and people make there, by kind and name", () => {
    expect(
      names([
        live("ServiceAccount", "default"),
        live("ConfigMap", "kube-root-ca.crt"),
        live("Secret", "argocd-initial-admin-secret"),
        live("Secret", "argocd-redis"),
        live("Secret", "github-writer"),
      ]),
    ).to.deep.equal([]);
    expect(names([live("Secret", "default")])).to.deep.equal([found("Secret", "default")]);
  });

  it("accepts what something accepted makes, down to the Pods", () => {
    const deployment = [declared("apps/v1:Deployment", "d")];
    const made = [
      live("Deployment", "d", { apiVersion: "apps/v1" }),
      owned("ReplicaSet", "d-1", "Deployment d"),
      owned("Pod", "d-1-x", "ReplicaSet d-1"),
    ];
    expect(names(made, deployment)).to.deep.equal([]);
    expect(names(made, [])).to.have.length(3);
    expect(names(made.slice(1), deployment)).to.have.length(2);
  });

  it("accepts Applications of the declared ApplicationSet alone", () => {
    const sets = [declared("argoproj.io/v1alpha1:ApplicationSet", "services")];
    const set = live("ApplicationSet", "services", { apiVersion: "argoproj.io/v1alpha1" });
    const application = owned("Application", "shop", "ApplicationSet services");
    expect(names([set, application], sets)).to.deep.equal([]);
    expect(names([set, live("Application", "other")], sets)).to.deep.equal([
      found("Application", "other"),
    ]);
  });

  it("accepts nothing that names an owner which does not make such objects", () => {
    const deployment = [declared("apps/v1:Deployment", "d")];
    const owner = live("Deployment", "d", { apiVersion: "apps/v1" });
    for (const kind of ["Secret", "Role", "Job", "Pod"]) {
      expect(names([owner, owned(kind, "x", "Deployment d")], deployment)).to.deep.equal([
        found(kind, "x"),
      ]);
    }
    const lying = live("Pod", "x", { owners: [{ uid: "Deployment d", kind: "ReplicaSet" }] });
    expect(names([owner, lying], deployment)).to.deep.equal([found("Pod", "x")]);
  });
});

describe("namedObjects", () => {
  it("reads what kubectl prints, with and without owners", () => {
    const owners = '[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"d","uid":"u-2"}]';
    expect(namedObjects(`v1\tSecret\ta\tu-1\t\nv1\tPod\tb\tu-3\t${owners}\n`)).to.deep.equal([
      { apiVersion: "v1", kind: "Secret", name: "a", uid: "u-1", owners: [] },
      {
        ...{ apiVersion: "v1", kind: "Pod", name: "b", uid: "u-3" },
        owners: [{ uid: "u-2", kind: "ReplicaSet" }],
      },
    ]);
    expect(namedObjects("")).to.deep.equal([]);
  });
});
