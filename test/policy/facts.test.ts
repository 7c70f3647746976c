import { expect } from "chai";
import { committed } from "../../config/committed.ts";
import { allowedBy } from "../../policy/allowed.ts";
import { factsOf, identityIn, isRequired } from "../../policy/facts.ts";
import { unsaidTypes } from "../../policy/grants.ts";
import type { Stack } from "../../policy/placeholders.ts";
import { unknownValue } from "../../policy/values.ts";

const stack: Stack = {
  environment: "staging",
  registryHost: "444455556666.dkr.ecr.eu-central-1.amazonaws.com",
  settings: committed({
    settings: {
      aws: { accountId: "444455556666", region: "eu-central-1" },
      repository: { url: "https://github.com/acme/platform", branch: "main" },
      cluster: {
        publicAccessCidrs: ["192.0.2.0/24", "198.51.100.0/24"],
        access: [
          {
            name: "operators",
            principalArn: "arn:aws:iam::444455556666:role/Operators",
            level: "admin",
            namespaces: ["shop"],
          },
          {
            name: "guests",
            principalArn: "arn:aws:iam::935743309409:role/Guests",
            level: "view",
          },
        ],
      },
      images: { strategy: "semver", registryApiUrl: "http://127.0.0.1:5000" },
      github: {
        repository: "acme@1/platform@2",
        formerly: "old/platform",
        stateBackend: {
          bucket: "acme-state",
          keyArn: "arn:aws:kms:eu-central-1:444455556666:key/state",
        },
        runner: {
          connectionArn: "arn:aws:codeconnections:eu-central-1:444455556666:connection/0b1c",
        },
        workflowRefs: ["refs/tags/v1"],
        publishers: [
          { repository: "acme/shop", formerly: "old/shop", branch: "trunk", image: "team/shop" },
          { repository: "acme/till", image: "team/till" },
        ],
      },
    },
  }),
};

/** The lines of a resource below its own. */
function lines(type: string, name: string, props: Readonly<Record<string, unknown>>): string[] {
  const { identity, content } = factsOf({ type, name, props }, stack);
  return content.map(({ line }) => line.replace(`${identity ?? "?"}: `, ""));
}
const identityOf = (type: string, name: string, props = {}) =>
  factsOf({ type, name, props }, stack).identity;

describe("factsOf: texts as every stack has them", () => {
  /** A text where a role's boundary stands, whose text is not taken apart. */
  const written = (text: string, name = "it") =>
    lines("aws:iam/role:Role", name, { permissionsBoundary: text })[0]?.slice(
      "permissionsBoundary = ".length,
    );
  const cases: readonly (readonly [text: string, expected: string])[] = [
    ["https://github.com/acme/platform", "<repository url>"],
    ["https://github.com/acme/platform.git", "<repository url>.git"],
    ["https://github.com/acme/platforms", "https://github.com/acme/platforms"],
    ["repo:acme@1/platform@2:pull_request", "repo:<repository>:pull_request"],
    ["repo:old/platform:pull_request", "repo:<repository>:pull_request"],
    [
      "acme/platform/.github/workflows/a.yml@refs/heads/main",
      "<repository>/.github/workflows/a.yml@refs/heads/<branch>",
    ],
    ["main", "<branch>"],
    ["mainly", "mainly"],
    ["refs/heads/maintenance", "refs/heads/maintenance"],
    ["http://127.0.0.1:5000", "https://<registry>"],
    ["444455556666.dkr.ecr.eu-central-1.amazonaws.com/team/shop", "<registry>/<image>"],
    [
      "arn:aws:ecr:eu-central-1:444455556666:repository/a/b",
      "arn:aws:ecr:<region>:<account>:repository/<image>",
    ],
    [
      "arn:aws:ecr:eu-central-1:444455556666:repository/*",
      "arn:aws:ecr:<region>:<account>:repository/*",
    ],
    [
      "arn:aws:ecr:eu-central-1:444455556666:repository/a*",
      "arn:aws:ecr:<region>:<account>:repository/a*",
    ],
    ["arn:aws-cn:iam::444455556666:role/a", "arn:aws:iam::<account>:role/a"],
    ["arn:aws:iam::444455558888:role/a", "arn:aws:iam::444455558888:role/a"],
    ["4444555566661", "4444555566661"],
    ["eu-central-1", "<region>"],
    ["eu-central-1a", "eu-central-1a"],
    ["arn:aws:s3:::acme-state/*", "arn:aws:s3:::<state bucket>/*"],
    ["arn:aws:kms:eu-central-1:444455556666:key/state", "<state key>"],
    ["arn:aws:kms:eu-central-1:444455556666:key/1b-2c", "arn:aws:kms:<region>:<account>:key/<key>"],
    ["arn:aws:codeconnections:eu-central-1:444455556666:connection/0b1c", "<connection>"],
    ["192.0.2.0/24", "<public access cidr>"],
    ["192.0.2.0/2", "192.0.2.0/2"],
    ["idp-staging", "idp-<environment>"],
    ["idp-stagings", "idp-stagings"],
    ["staging", "<environment>"],
    ["in staging", "in staging"],
    ["repo:a/b:environment:staging", "repo:a/b:environment:<environment>"],
    ["argocd/applications/staging/*.yaml", "argocd/applications/<environment>/*.yaml"],
    ["The services of staging", "The services of <environment>"],
    ["subnet-0a1b2c", "<subnet>"],
    ["sg-0a1b2c", "<sg>"],
    ["my-subnet-0a1b2c", "my-subnet-0a1b2c"],
    [
      "arn:aws:iam::444455556666:role/idp-github-audit-1a2b3c4",
      "arn:aws:iam::<account>:role/idp-github-audit",
    ],
    ["log-group:idp-runner-1a2b3c4:*", "log-group:idp-runner:*"],
    ["idp-cluster-eksRole-1587f79c", "idp-cluster-eksRole-1587f79c"],
    ["arn:aws:iam::444455556666:role/Operators", "arn:aws:iam::<account>:role/Operators"],
  ];
  for (const [text, expected] of cases) {
    it(`writes ${text} as ${expected}`, () => {
      expect(written(text)).to.equal(JSON.stringify(expected));
    });
  }

  const publisher = "idp-github-publish-team-shop";
  const ofPublisher: typeof cases = [
    ["repo:acme/shop:environment:staging", "repo:<publisher>:environment:<environment>"],
    ["repo:old/shop:environment:staging", "repo:<publisher>:environment:<environment>"],
    ["repo:acme/till:environment:staging", "repo:acme/till:environment:<environment>"],
    ["refs/heads/trunk", "refs/heads/<publisher branch>"],
    ["acme/platform/a.yml@refs/tags/v1", "<repository>/a.yml@refs/heads/<branch>"],
    [
      "arn:aws:ecr:eu-central-1:444455556666:repository/team/shop",
      "arn:aws:ecr:<region>:<account>:repository/<own image>",
    ],
    [
      "arn:aws:ecr:eu-central-1:444455556666:repository/team/till",
      "arn:aws:ecr:<region>:<account>:repository/<image>",
    ],
    [`${publisher}-1a2b3c4`, "idp-github-publish-<image>"],
  ];
  for (const [text, expected] of ofPublisher) {
    it(`writes ${text} as ${expected} for the publisher's own role`, () => {
      expect(written(text, publisher)).to.equal(JSON.stringify(expected));
    });
  }

  it("keeps a publisher's repository in another role", () => {
    expect(written("repo:acme/shop:environment:staging", "idp-github-provision")).to.equal(
      '"repo:acme/shop:environment:<environment>"',
    );
  });

  it("takes main for the branch of a publisher that names none", () => {
    expect(written("refs/heads/main", "idp-github-publish-team-till")).to.equal(
      '"refs/heads/<publisher branch>"',
    );
  });

  it("replaces nothing that the settings do not say", () => {
    const nothing = { ...stack, registryHost: "", settings: committed({ settings: {} }) };
    const props = { permissionsBoundary: "arn:aws:iam::444455556666:role/a" };
    const facts = factsOf({ type: "aws:iam/role:Role", name: "it", props }, nothing);
    expect(facts.content.map(({ line }) => line)).to.deep.equal([
      'aws:iam/role:Role it: permissionsBoundary = "arn:aws:iam::444455556666:role/a"',
    ]);
  });
});

describe("factsOf: names", () => {
  const cases: readonly (readonly [type: string, name: string, expected: string])[] = [
    ["aws:ecr/repository:Repository", "team/shop", "<image>"],
    ["aws:ecr/lifecyclePolicy:LifecyclePolicy", "team/shop", "<image>"],
    ["aws:ecr/repository:Repository", "team/*", "team/*"],
    ["aws:ecr/repositoryPolicy:RepositoryPolicy", "team/shop", "team/shop"],
    ["aws:iam/role:Role", "idp-github-publish-team-shop", "idp-github-publish-<image>"],
    ["aws:iam/role:Role", "idp-github-publish-other", "idp-github-publish-other"],
    ["aws:eks/accessEntry:AccessEntry", "idp-cluster-operators", "idp-cluster-<access>"],
    [
      "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
      "idp-cluster-operators-admin",
      "idp-cluster-<access>-admin",
    ],
    [
      "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
      "idp-cluster-operators-cluster-admin",
      "idp-cluster-operators-cluster-admin",
    ],
    ["aws:eks/addon:Addon", "idp-cluster-operators", "idp-cluster-operators"],
    [
      "aws:ec2/vpcEndpoint:VpcEndpoint",
      "com.amazonaws.eu-central-1.s3",
      "com.amazonaws.<region>.s3",
    ],
    ["pulumi:providers:eks", "default_4_3_0", "default_<version>"],
    ["pulumi:pulumi:Stack", "idp-staging", "idp-<environment>"],
    ["kubernetes:yaml/v2:ConfigGroup", "argocd", "argocd"],
  ];
  for (const [type, name, expected] of cases) {
    it(`takes ${type} ${name} for ${expected}`, () => {
      expect(identityOf(type, name)).to.equal(`${type} ${expected}`);
    });
  }

  it("takes an object by its name in the cluster", () => {
    const type = "kubernetes:core/v1:ConfigMap";
    const named = (metadata: object) => identityOf(type, "resource", { metadata });
    expect(named({ name: "a", namespace: "argocd" })).to.equal(`${type} argocd/a`);
    expect(named({ name: "a" })).to.equal(`${type} a`);
    expect(named({ generateName: "a-" })).to.equal(`${type} resource`);
    expect(named({ name: unknownValue, namespace: "argocd" })).to.equal(undefined);
    expect(named({ name: "a", namespace: unknownValue })).to.equal(undefined);
  });
});

describe("factsOf: what AWS's resources grant", () => {
  it("takes documents apart, in whatever order they are written", () => {
    const document = (Action: unknown, Resource: unknown) => ({
      Version: "2012-10-17",
      Statement: { Resource, Action, Effect: "Allow", Sid: "" },
    });
    const expected = [
      'policy.Statement[] = {"Action":["a:B","a:C"],"Effect":"Allow","Resource":"arn:aws:ecr:<region>:<account>:repository/<image>"}',
    ];
    const of = (policy: unknown) => lines("aws:iam/rolePolicy:RolePolicy", "it", { policy });
    const arn = (image: string) => `arn:aws:ecr:eu-central-1:444455556666:repository/${image}`;
    expect(of(document(["a:C", "a:B"], [arn("a"), arn("b")]))).to.deep.equal(expected);
    expect(of(JSON.stringify(document(["a:B", "a:C"], arn("a"))))).to.deep.equal(expected);
    expect(of("no document")).to.deep.equal(['policy = "no document"']);
    expect(of(unknownValue)).to.deep.equal(["policy.Statement[] = (not known)"]);
  });

  it("keeps the condition of a statement", () => {
    const statement = { Effect: "Allow", Condition: { Bool: { a: "true" } } };
    expect(
      lines("aws:iam/role:Role", "it", { assumeRolePolicy: { Statement: [statement] } }),
    ).to.deep.equal([
      'assumeRolePolicy.Statement[] = {"Condition":{"Bool":{"a":"true"}},"Effect":"Allow"}',
    ]);
  });

  it("does not see what a provider fills in", () => {
    const filled: readonly (readonly [string, Record<string, unknown>])[] = [
      ["aws:iam/role:Role", { path: "/", maxSessionDuration: 3600, managedPolicyArns: [] }],
      ["aws:eks/accessEntry:AccessEntry", { type: "STANDARD", kubernetesGroups: [] }],
      ["aws:codebuild/project:Project", { environment: { privilegedMode: false, image: "" } }],
      ["aws:codebuild/project:Project", { projectVisibility: "PRIVATE" }],
      ["aws:ec2/subnet:Subnet", { mapPublicIpOnLaunch: false }],
      ["aws:iam/role:Role", { inlinePolicies: {}, assumeRolePolicy: null }],
    ];
    for (const [type, props] of filled) expect(lines(type, "it", props)).to.deep.equal([]);
  });

  it("sees what is switched on, and that something stands where nothing may", () => {
    expect(
      lines("aws:codebuild/project:Project", "it", {
        environment: { privilegedMode: true },
        vpcConfig: { securityGroupIds: ["sg-1"] },
      }),
    ).to.deep.equal([
      "environment.privilegedMode = true",
      'vpcConfig.securityGroupIds = "(something)"',
    ]);
    expect(lines("pulumi:providers:aws", "it", { endpoints: unknownValue })).to.deep.equal([
      "endpoints = (not known)",
    ]);
    expect(lines("aws:eks/accessEntry:AccessEntry", "it", { type: "EC2_LINUX" })).to.deep.equal([
      'type = "EC2_LINUX"',
    ]);
  });

  it("takes a filter with a default in it for the same without", () => {
    const filter = (more: object) => ({ filters: [{ type: "EVENT", pattern: "P", ...more }] });
    const of = (more: object) =>
      lines("aws:codebuild/webhook:Webhook", "it", { filterGroups: [filter(more)] });
    expect(of({ excludeMatchedPattern: false })).to.deep.equal(of({}));
    expect(of({ excludeMatchedPattern: true })).not.to.deep.equal(of({}));
  });

  it("lets a principal of the settings in by its own entry, and no other account's", () => {
    const entry = (name: string, principalArn: string) =>
      lines("aws:eks/accessEntry:AccessEntry", name, { principalArn });
    const own = "arn:aws:iam::444455556666:role/Operators";
    expect(entry("idp-cluster-operators", own)).to.deep.equal(['principalArn = "<principal>"']);
    expect(entry("idp-cluster-audit", own)).to.deep.equal([
      'principalArn = "arn:aws:iam::<account>:role/Operators"',
    ]);
    const foreign = "arn:aws:iam::935743309409:role/Guests";
    expect(entry("idp-cluster-guests", foreign)).to.deep.equal([`principalArn = "${foreign}"`]);
    expect(
      lines(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "idp-cluster-operators-admin",
        {
          accessScope: { type: "namespace", namespaces: ["shop"] },
        },
      ),
    ).to.deep.equal(['accessScope = {"namespaces":"<namespace>","type":"namespace"}']);
  });

  it("grants nothing by a type of another package", () => {
    expect(lines("idp:platform:Network", "it", { policy: "all" })).to.deep.equal([]);
  });
});

describe("factsOf: where power stands in AWS's resources", () => {
  /** Every path that counts, by type. */
  const paths: Readonly<Record<string, string>> = {
    "aws:codebuild/project:Project":
      "environment.image environment.privilegedMode environment.environmentVariables serviceRole source.auth source.buildspec source.location source.type secondarySources artifacts.type projectVisibility vpcConfig.securityGroupIds resourceAccessRole fileSystemLocations",
    "aws:codebuild/webhook:Webhook": "filterGroups scopeConfiguration buildType projectName",
    "aws:ec2/flowLog:FlowLog": "iamRoleArn logDestination deliverCrossAccountRole",
    "aws:ec2/route:Route":
      "destinationCidrBlock destinationIpv6CidrBlock carrierGatewayId coreNetworkArn destinationPrefixListId egressOnlyGatewayId gatewayId localGatewayId natGatewayId networkInterfaceId transitGatewayId vpcEndpointId vpcPeeringConnectionId",
    "aws:ec2/routeTable:RouteTable": "routes propagatingVgws",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "gatewayId",
    "aws:ec2/securityGroup:SecurityGroup": "ingress egress",
    "aws:ec2/subnet:Subnet": "mapPublicIpOnLaunch",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy serviceName",
    "aws:eks/accessEntry:AccessEntry": "kubernetesGroups principalArn type userName",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "accessScope policyArn principalArn",
    "aws:eks/addon:Addon":
      "addonName configurationValues podIdentityAssociations serviceAccountRoleArn",
    "aws:eks/cluster:Cluster":
      "accessConfig.authenticationMode computeConfig.nodeRoleArn remoteNetworkConfig roleArn vpcConfig.publicAccessCidrs vpcConfig.securityGroupIds",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation":
      "namespace policy roleArn serviceAccount targetRoleArn",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "clientIdLists url",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy inlinePolicies managedPolicyArns permissionsBoundary",
    "aws:iam/rolePolicy:RolePolicy": "policy role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn role",
    "aws:kms/key:Key": "policy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":
      "cidrIpv4 cidrIpv6 ipProtocol fromPort toPort securityGroupId referencedSecurityGroupId prefixListId",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      "cidrIpv4 cidrIpv6 ipProtocol fromPort toPort securityGroupId referencedSecurityGroupId prefixListId",
    "pulumi:providers:aws":
      "accessKey assumeRoleWithWebIdentities assumeRoleWithWebIdentity assumeRoles endpoints sharedConfigFiles sharedCredentialsFiles",
  };
  for (const [type, all] of Object.entries(paths)) {
    it(`sees ${type}'s, each for itself`, () => {
      for (const path of all.split(" ")) {
        const props = path
          .split(".")
          .reduceRight<unknown>((inner, key) => ({ [key]: inner }), "something") as object;
        expect(lines(type, "it", { ...props }), path).to.have.length(1);
        expect(lines(type, "it", { ...props })[0]).to.match(new RegExp(`^${path} = `));
      }
    });
  }
});

describe("factsOf: objects", () => {
  const of = (type: string, props: object) =>
    lines(`kubernetes:${type}`, "it", { metadata: { name: "it", namespace: "argocd" }, ...props });

  it("has a line for each key, each named thing and each element", () => {
    expect(
      of("rbac.authorization.k8s.io/v1:Role", {
        rules: [
          { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
          { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] },
        ],
        aggregationRule: null,
      }),
    ).to.deep.equal([
      'rules[] = {"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}',
      'rules[] = {"apiGroups":["apps"],"resources":["deployments"],"verbs":["get"]}',
    ]);
    expect(
      of("rbac.authorization.k8s.io/v1:RoleBinding", {
        roleRef: { kind: "Role", name: "a" },
        subjects: [
          { kind: "ServiceAccount", name: "b", namespace: "argocd" },
          { kind: "ServiceAccount", name: "c", namespace: "argocd" },
        ],
      }),
    ).to.deep.equal([
      'roleRef.kind = "Role"',
      'roleRef.name = "a"',
      'subjects[b] = {"kind":"ServiceAccount","namespace":"argocd"}',
      'subjects[c] = {"kind":"ServiceAccount","namespace":"argocd"}',
    ]);
    expect(
      of("rbac.authorization.k8s.io/v1:RoleBinding", {
        subjects: [
          { kind: "User", name: "b" },
          { kind: "Group", name: "b" },
        ],
      }),
    ).to.deep.equal([
      'subjects[] = {"kind":"User","name":"b"}',
      'subjects[] = {"kind":"Group","name":"b"}',
    ]);
  });

  it("has the parts of a Pod that give power, and not how it runs", () => {
    const probe = { httpGet: { path: "/" }, periodSeconds: 5 };
    const exec = { command: ["sh"] };
    expect(
      of("apps/v1:Deployment", {
        spec: {
          replicas: 3,
          template: {
            spec: {
              serviceAccountName: "a",
              tolerations: [{ operator: "Exists" }],
              containers: [
                {
                  ...{ name: "c", image: "i", args: ["--a", "--b"], imagePullPolicy: "Always" },
                  ...{ resources: { requests: { cpu: "1" } }, livenessProbe: probe },
                  readinessProbe: { ...probe, exec },
                  env: [{ name: "E", value: "1" }],
                  securityContext: { privileged: true, runAsUser: 0 },
                },
              ],
            },
          },
        },
      }),
    ).to.deep.equal([
      'spec.template.spec.serviceAccountName = "a"',
      'spec.template.spec.containers[c].image = "i"',
      'spec.template.spec.containers[c].args = ["--a","--b"]',
      'spec.template.spec.containers[c].readinessProbe = {"exec":{"command":["sh"]}}',
      'spec.template.spec.containers[c].env[E] = {"value":"1"}',
      'spec.template.spec.containers[c].securityContext = {"privileged":true,"runAsUser":0}',
    ]);
  });

  it("leaves out all that only says how a Pod runs", () => {
    const how = [
      ...["affinity", "nodeSelector", "tolerations", "topologySpreadConstraints", "resources"],
      ...["terminationGracePeriodSeconds", "imagePullPolicy", "terminationMessagePath"],
      ...["terminationMessagePolicy", "replicas", "revisionHistoryLimit", "strategy"],
      "updateStrategy",
    ];
    const spec = { paused: true, ...Object.fromEntries(how.map((key) => [key, "a"])) };
    for (const kind of ["Deployment", "StatefulSet"]) {
      expect(of(`apps/v1:${kind}`, { spec })).to.deep.equal(["spec.paused = true"]);
    }
    const data = { "timeout.reconciliation.jitter": "5s" };
    expect(of("core/v1:ConfigMap", { data })).to.deep.equal([]);
  });

  it("says where each part stands", () => {
    const metadata = { name: "it", annotations: { a: "b" }, finalizers: ["f"] };
    const props = {
      metadata,
      spec: {
        c: [
          { name: "d", e: 1 },
          { name: "f", e: 2 },
        ],
      },
    };
    const { content } = factsOf({ type: "kubernetes:x/v1:Y", name: "it", props }, stack);
    expect(content.map(({ path, key }) => [path.join("/"), key])).to.deep.equal([
      ["metadata/annotations/a", "metadata.annotations.a"],
      ["metadata/finalizers", "metadata.finalizers"],
      ["spec/c/0", "spec.c[d]"],
      ["spec/c/1", "spec.c[f]"],
    ]);
  });

  it("keeps what only kinds with Pods leave out", () => {
    expect(of("example.com/v1:Other", { spec: { replicas: 3, interval: "1s" } })).to.deep.equal([
      "spec.replicas = 3",
      'spec.interval = "1s"',
    ]);
  });

  it("has no intervals of the settings, in ConfigMaps and the ApplicationSet", () => {
    expect(
      of("core/v1:ConfigMap", {
        data: { "timeout.reconciliation": "60s", interval: "1s", a: "b" },
      }),
    ).to.deep.equal(['data.a = "b"']);
    expect(
      of("argoproj.io/v1alpha1:ApplicationSet", {
        spec: { generators: [{ git: { requeueAfterSeconds: 15, revision: "main" } }] },
      }),
    ).to.deep.equal(['spec.generators[] = {"git":{"revision":"<branch>"}}']);
    expect(
      of("karpenter.sh/v1:NodePool", { spec: { limits: { cpu: "1" }, disruption: {}, weight: 1 } }),
    ).to.deep.equal(["spec.weight = 1"]);
  });

  it("has labels and annotations that mean something to somebody", () => {
    const metadata = {
      ...{ name: "it", namespace: "argocd" },
      labels: {
        "app.kubernetes.io/name": "a",
        "argocd.argoproj.io/secret-type": "cluster",
        plain: "b",
      },
      annotations: { "pulumi.com/patchForce": "true", "kubectl.kubernetes.io/x": "{}" },
      finalizers: ["f"],
    };
    expect(of("core/v1:ConfigMap", { metadata })).to.deep.equal([
      'metadata.labels["argocd.argoproj.io/secret-type"] = "cluster"',
      'metadata.labels.plain = "b"',
      'metadata.finalizers = ["f"]',
    ]);
  });

  it("shows no secret, and what keys there are", () => {
    expect(
      of("core/v1:Secret", {
        type: "Opaque",
        stringData: { url: "https://a" },
        data: { "b.c": "x" },
      }),
    ).to.deep.equal(['type = "Opaque"', 'stringData.url = "(hidden)"', 'data["b.c"] = "(hidden)"']);
    expect(of("core/v1:Secret", { data: unknownValue })).to.deep.equal([]);
  });

  it("shows of a long text its digest", () => {
    const script = (end: string) =>
      of("core/v1:ConfigMap", { data: { run: "a".repeat(300) + end } });
    expect(script("")).to.deep.equal([`data.run = "${"a".repeat(300)}"`]);
    expect(script("b")[0]).to.match(/^data\.run = sha256 [0-9a-f]{64}$/);
    expect(script("b")).not.to.deep.equal(script("c"));
  });

  it("takes one service's image updates for another's", () => {
    const updates = (service: string, target = service) =>
      of("argocd-image-updater.argoproj.io/v1alpha1:ImageUpdater", {
        spec: {
          applicationRefs: [
            {
              namePattern: service,
              writeBackConfig: { target: `helmvalues:/argocd/applications/staging/${target}.yaml` },
            },
          ],
        },
      });
    expect(updates("shop")).to.deep.equal([
      'spec.applicationRefs[] = {"namePattern":"<service>","writeBackConfig":{"target":"helmvalues:/argocd/applications/<environment>/<service>.yaml"}}',
    ]);
    expect(updates("till")).to.deep.equal(updates("shop"));
    expect(updates("till", "shop")).not.to.deep.equal(updates("shop"));
    expect(updates("*")[0]).to.include('"namePattern":"*"');
  });

  it("says of inputs that contradict the type what they say", () => {
    expect(of("core/v1:ConfigMap", { apiVersion: "v2", kind: "Secret" })).to.deep.equal([
      'apiVersion = "v2"',
      'kind = "Secret"',
    ]);
    expect(of("core/v1:ConfigMap", { apiVersion: "v1", kind: "ConfigMap" })).to.deep.equal([]);
  });

  it("says of what is not known that it is not", () => {
    expect(of("core/v1:ConfigMap", { data: { a: unknownValue } })).to.deep.equal([
      "data.a = (not known)",
    ]);
  });

  it("splits no map by the length of a setting", () => {
    const of2 = (repoURL: string) =>
      of("argoproj.io/v1alpha1:Application", { spec: { source: { repoURL, path: "a" } } });
    expect(of2("https://a")).to.deep.equal(['spec.source = {"path":"a","repoURL":"https://a"}']);
    expect(of2(`https://${"a".repeat(200)}`)).to.have.length(1);
  });
});

describe("lines of policy/allowed", () => {
  it("begin with the resource's own", () => {
    expect(identityIn("a:b:C it")).to.equal("a:b:C it");
    expect(identityIn('a:b:C it: x = {"a": 1}')).to.equal("a:b:C it");
    const { prod, dev } = allowedBy((environment) =>
      environment === "prod" ? ["a it", "a it: x = 1", "b it"] : [],
    );
    expect([...prod].map(([identity, lines]) => [identity, [...lines]])).to.deep.equal([
      ["a it", ["a it", "a it: x = 1"]],
      ["b it", ["b it"]],
    ]);
    expect(dev.size).to.equal(0);
  });

  it("must all be there of an object, but for what is a choice", () => {
    const required = [
      "kubernetes:apps/v1:Deployment argocd/a: spec.x = 1",
      "kubernetes:apps/v1:Deployment argocd/a",
      "kubernetes:core/v1:ConfigMap argocd/a: data.x = 1",
      "kubernetes:core/v1:Secret argocd/a: data.x = 1",
      "kubernetes:argocd-image-updater.argoproj.io/v1alpha1:ImageUpdater argocd/a: spec.x = 1",
      "aws:iam/role:Role a: assumeRolePolicy = 1",
    ].filter(isRequired);
    expect(required).to.deep.equal(["kubernetes:apps/v1:Deployment argocd/a: spec.x = 1"]);
  });

  it("name each of AWS's types once somebody has said what it grants", () => {
    expect(
      unsaidTypes(["aws:s3/bucket:Bucket a", "aws:iam/role:Role b", "aws:s3/bucket:Bucket c"]),
    ).to.deep.equal(["aws:s3/bucket:Bucket"]);
    expect(unsaidTypes(["idp:platform:Network a"])).to.deep.equal([]);
  });
});
