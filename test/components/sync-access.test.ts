import { expect } from "chai";
import { SyncAccess } from "../../components/sync-access.ts";
import { inputsOf, names, record } from "../support/record.ts";

const args = { clusterName: "idp-prod", principalArn: "arn:aws:iam::1:role/idp-github-sync" };

describe("SyncAccess", () => {
  for (const preview of [false, true]) {
    it(`is an entry, a Role and its binding${preview ? " in a preview" : ""}`, async () => {
      const made = await record(() => new SyncAccess("idp-sync", args), { preview });
      expect(names(made)).to.deep.equal([
        "aws:eks/accessEntry:AccessEntry idp-sync",
        "idp:platform:SyncAccess idp-sync",
        "kubernetes:rbac.authorization.k8s.io/v1:Role idp-sync",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding idp-sync",
      ]);
    });
  }

  it("lets the role get and patch Applications of Argo CD, and nothing else", async () => {
    const made = await record(() => new SyncAccess("idp-sync", args));
    const of = (type: string) => inputsOf(made, type, "idp-sync");
    expect(of("aws:eks/accessEntry:AccessEntry")).to.deep.equal({
      ...args,
      kubernetesGroups: ["idp-sync"],
    });
    const role = of("kubernetes:rbac.authorization.k8s.io/v1:Role");
    expect(role["metadata"]).to.deep.equal({ name: "idp-sync", namespace: "argocd" });
    expect(role["rules"]).to.deep.equal([
      { apiGroups: ["argoproj.io"], resources: ["applications"], verbs: ["get", "patch"] },
    ]);
    const binding = of("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding");
    expect(binding).to.deep.include({
      metadata: { name: "idp-sync", namespace: "argocd" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "idp-sync" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "idp-sync" }],
    });
  });
});
