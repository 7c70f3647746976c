import { expect } from "chai";
import { allowedBy, committedLists } from "../../policy/allowed.ts";
import { evaluate } from "../../policy/evaluate.ts";
import {
  closedWorld,
  stacksHoldWhatIsListed,
} from "../../policy/rules/stacks-hold-what-is-listed.ts";
import { resourceSubjects } from "../../policy/subjects.ts";
import type { Resource } from "../../policy/rule.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, prod, resource } from "./support.ts";

const role = (trust: unknown) => ({
  ...resource("aws:iam/role:Role", {
    // As a provider fills it in.
    ...{ forceDetachPolicies: false, maxSessionDuration: 3600, name: "it-1a2b3c4", path: "/" },
    ...{ tagsAll: { "idp:environment": "prod" }, region: "us-west-2" },
    assumeRolePolicy: JSON.stringify({
      Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: trust }],
    }),
  }),
});
const own = { Service: "ec2.amazonaws.com" };
const network = (spec: object) => ({
  ...resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "inner", namespace: "argocd", annotations: { "pulumi.com/autonamed": "no" } },
    spec,
  }),
});
const object = "kubernetes:networking.k8s.io/v1:NetworkPolicy argocd/inner";
const lines = [
  "aws:iam/role:Role it",
  'aws:iam/role:Role it: assumeRolePolicy.Statement[] = {"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}}',
  'aws:iam/role:Role it: permissionsBoundary = "arn:aws:iam::<account>:policy/idp-boundary"',
  object,
  `${object}: spec.policyTypes = ["Ingress"]`,
  `${object}: spec.ingress[] = {"from":[{"podSelector":{}}]}`,
];
const rule = closedWorld(allowedBy((environment) => (environment === "prod" ? lines : [])));
const asLine = (line: string) => `as this line of policy/allowed/prod.txt: ${line}`;

describeRule(rule, "resource", role(own), [
  {
    title: "refuses a name that is not listed, with the line that would allow it",
    at: ["name"],
    value: "other",
    expected: [
      `found aws:iam/role:Role other; must be listed ${asLine("aws:iam/role:Role other")}`,
    ],
  },
  {
    title: "refuses a type that is not listed",
    at: [],
    value: resource("aws:iam/accessKey:AccessKey", { user: "me" }),
    expected: [
      `found aws:iam/accessKey:AccessKey it; must be listed ${asLine("aws:iam/accessKey:AccessKey it")}`,
    ],
  },
  {
    title: "refuses another principal",
    at: ["props"],
    value: role({ AWS: "*" }).props,
    expected: [
      'assumeRolePolicy.Statement[0]: found {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}; must be listed ' +
        asLine(
          'aws:iam/role:Role it: assumeRolePolicy.Statement[] = {"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":"*"}}',
        ),
    ],
  },
  {
    title: "refuses a grant where none is listed",
    at: ["props", "managedPolicyArns"],
    value: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    expected: [
      'managedPolicyArns: found ["arn:aws:iam::aws:policy/ReadOnlyAccess"]; must be listed ' +
        asLine(
          'aws:iam/role:Role it: managedPolicyArns = "arn:aws:iam::aws:policy/ReadOnlyAccess"',
        ),
    ],
  },
  {
    title: "accepts what is listed for its own account alone",
    at: ["props", "permissionsBoundary"],
    value: "arn:aws:iam::100000000003:policy/idp-boundary",
    expected: [],
  },
  {
    title: "refuses the same of another account",
    at: ["props", "permissionsBoundary"],
    value: "arn:aws:iam::935743309409:policy/idp-boundary",
    expected: [
      'permissionsBoundary: found "arn:aws:iam::935743309409:policy/idp-boundary"; must be listed ' +
        asLine(
          'aws:iam/role:Role it: permissionsBoundary = "arn:aws:iam::935743309409:policy/idp-boundary"',
        ),
    ],
  },
  {
    title: "leaves to the update what a preview does not know",
    at: ["props", "assumeRolePolicy"],
    value: unknownValue,
    expected: [],
  },
  {
    title: "takes the list of the environment",
    at: [],
    value: role(own),
    context: { environment: "staging" },
    expected: [
      "found aws:iam/role:Role it; must be listed as this line of policy/allowed/staging.txt: aws:iam/role:Role it",
    ],
  },
]);

describeRule(
  rule,
  "resource",
  network({ ingress: [{ from: [{ podSelector: {} }] }], policyTypes: ["Ingress"] }),
  [
    {
      title: "refuses an object with more in it",
      at: ["props", "spec", "ingress", 1],
      value: {},
      expected: [
        `spec.ingress[1]: found {}; must be listed ${asLine(`${object}: spec.ingress[] = {}`)}`,
      ],
    },
    {
      title: "refuses an object with less in it, which may let more in",
      at: ["props", "spec", "policyTypes"],
      value: undefined,
      expected: [
        `found nothing; must be there ${asLine(`${object}: spec.policyTypes = ["Ingress"]`)}`,
      ],
    },
    {
      title: "leaves an object to the update of which a preview does not know a part",
      at: ["props", "spec", "ingress", 0],
      value: unknownValue,
      expected: [],
    },
    {
      title: "leaves an object to the update whose name a preview does not know",
      at: ["props", "metadata", "name"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "refuses the same object in another namespace",
      at: ["props", "metadata", "namespace"],
      value: "kube-system",
      expected: [
        `found ${object.replace("argocd", "kube-system")}; must be listed ${asLine(object.replace("argocd", "kube-system"))}`,
      ],
    },
    {
      title: "refuses inputs that say another kind than the type",
      at: ["props", "kind"],
      value: "ClusterRoleBinding",
      expected: [
        `kind: found "ClusterRoleBinding"; must be listed ${asLine(`${object}: kind = "ClusterRoleBinding"`)}`,
      ],
    },
  ],
);

const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "it", namespace: "argocd" } };
describe("stacks-hold-what-is-listed: a name that is not known", () => {
  it("is a breach until the update knows it", () => {
    const unnamed = resource("kubernetes:core/v1:ConfigMap", { metadata: { name: unknownValue } });
    expect(rule.resource?.(unnamed, prod)).to.deep.equal([
      {
        path: "metadata.name",
        found: "a value that is not known before the update",
        allowed: "must be listed in policy/allowed",
        isUnknown: true,
      },
    ]);
  });
});

describe("stacks-hold-what-is-listed: undeclared", () => {
  it("refuses whatever is there without a declaration", () => {
    expect(rule.undeclared?.(secret, prod)).to.deep.equal([
      {
        path: "",
        found: "Secret argocd/it, which no stack made",
        allowed: "must not be in Argo CD's namespace",
      },
    ]);
  });
});

/** Every road past the other rules that somebody found, as a plan of prod shows it. */
const argoCd = (kind: string, name: string, spec: object, apiVersion = "argoproj.io/v1alpha1") => ({
  ...{ type: `kubernetes:${apiVersion}:${kind}`, name: `argocd/${name}`, protect: false },
  props: { apiVersion, kind, metadata: { name, namespace: "argocd" }, spec },
});
const inCluster = (type: string, name: string, content: object, namespace?: string): Resource => {
  const [apiVersion = "", kind] = type.replace("core/", "").split(":");
  const metadata = { name, ...(namespace && { namespace }) };
  return {
    ...{ type: `kubernetes:${type}`, name, protect: false },
    props: { apiVersion, kind, metadata, ...content },
  };
};
const roads: Readonly<Record<string, Resource>> = {
  "a sync window that matches nothing": argoCd("AppProject", "services", {
    syncWindows: [
      {
        ...{ kind: "deny", schedule: "0 0 * * *", duration: "24h", applications: ["*"] },
        ...{ manualSync: true, andOperator: true, namespaces: ["nothing"] },
      },
    ],
  }),
  "an Application of another cluster": argoCd("Application", "elsewhere", {
    destination: { server: "https://203.0.113.1", namespace: "elsewhere" },
  }),
  "Applications in every namespace": inCluster(
    "core/v1:ConfigMap",
    "argocd-cmd-params-cm",
    { data: { "application.namespaces": "*" } },
    "argocd",
  ),
  "a Job as the controller": inCluster(
    "batch/v1:Job",
    "job",
    { spec: { template: { spec: { serviceAccountName: "argocd-application-controller" } } } },
    "argocd",
  ),
  "a ClusterRoleBinding to cluster-admin": inCluster(
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "everybody",
    { roleRef: { kind: "ClusterRole", name: "cluster-admin" }, subjects: [] },
  ),
  "another role in a binding that is listed": inCluster(
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "argocd-server",
    { roleRef: { kind: "ClusterRole", name: "cluster-admin" } },
  ),
  "a policy that makes everybody an administrator": inCluster(
    "core/v1:ConfigMap",
    "argocd-rbac-cm",
    { data: { "policy.csv": "g, *, role:admin" } },
    "argocd",
  ),
  "a Secret with another cluster": {
    ...inCluster("core/v1:Secret", "other", { stringData: { server: "https://a" } }, "argocd"),
  },
  "an admission policy that changes objects": inCluster(
    "admissionregistration.k8s.io/v1:MutatingAdmissionPolicy",
    "all",
    { spec: {} },
  ),
  "a load balancer before Argo CD": inCluster(
    "core/v1:Service",
    "open",
    { spec: { type: "LoadBalancer", selector: { "app.kubernetes.io/name": "argocd-server" } } },
    "argocd",
  ),
  "Argo CD's own Service as a load balancer": inCluster(
    "core/v1:Service",
    "argocd-server",
    { spec: { type: "LoadBalancer" } },
    "argocd",
  ),
  "a patch of a listed object": inCluster(
    "core/v1:ConfigMapPatch",
    "argocd-rbac-cm",
    { data: {} },
    "argocd",
  ),
  "a foreign role for a Pod": {
    ...resource("aws:eks/podIdentityAssociation:PodIdentityAssociation", {
      ...{ namespace: "argocd", serviceAccount: "argocd-server" },
      roleArn: "arn:aws:iam::935743309409:role/admin",
    }),
    name: "idp-image-updater",
  },
  "an administrator of another account": {
    ...resource("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", {
      ...{ principalArn: "arn:aws:iam::935743309409:role/admin", accessScope: { type: "cluster" } },
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    }),
    name: "idp-cluster-audit-admin-view",
  },
  "a security group that is open to the world": resource("aws:ec2/securityGroup:SecurityGroup", {
    ingress: [{ cidrBlocks: ["0.0.0.0/0"] }],
  }),
  "a listed security group that is opened": {
    ...resource("aws:ec2/securityGroup:SecurityGroup", {
      ingress: [{ cidrBlocks: ["0.0.0.0/0"] }],
    }),
    name: "idp-runner",
  },
  "a role that trusts everybody": { ...role({ AWS: "*" }), name: "idp-github-audit" },
  "an access key": resource("aws:iam/accessKey:AccessKey", { user: "somebody" }),
  "a release that no plan shows": resource("kubernetes:helm.sh/v3:Release", { chart: "a" }),
  "a definition of a kind": resource(
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    {},
  ),
};

describe("stacks-hold-what-is-listed: the committed lists", () => {
  const said = (one: Resource, environment: "dev" | "prod") =>
    evaluate(
      [stacksHoldWhatIsListed],
      resourceSubjects(one, () => ({ seen: "plan" as const })),
      { ...prod, environment },
      [],
      new Date(),
    );
  for (const [road, one] of Object.entries(roads)) {
    it(`refuse ${road}; dev is told`, () => {
      expect(new Set(said(one, "prod").map(({ level }) => level))).to.deep.equal(
        new Set(["error"]),
      );
      expect(new Set(said(one, "dev").map(({ level }) => level))).to.deep.equal(
        new Set(["warning"]),
      );
    });
  }

  it("have the line of each resource before those of its parts", () => {
    const without = [...committedLists.prod].filter(([identity, about]) => !about.has(identity));
    expect(without).to.deep.equal([]);
  });
});
