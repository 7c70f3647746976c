import { createHash } from "node:crypto";
import { startCluster } from "../host.ts";
import { AwsError } from "../errors.ts";
import { isBag, stringAt, stringsAt, valuesAt, type Bag } from "../properties.ts";
import { regions, zoneId } from "../regions.ts";
import { arnOf, cidr, matching, oneOf } from "../rules.ts";
import { arn, textOf, type Created, type Draft, type TypeTable } from "../spec.ts";
import type { ResourceRecord } from "../store.ts";
import { vpcOf, zonesOf } from "./ec2.ts";
import { ec2Id } from "./ids.ts";
import { ensureInstanceProfile, ensureLogGroup, madeByEks, writeLate } from "./made-by-eks.ts";
import { checkTrust } from "./role-trust.ts";

/** Kubernetes versions that EKS offers, oldest first. Standard support is about the last four. */
const kubernetesVersions = ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36"];

/** Newest add-on version that the double offers, by add-on. The numbers are invented; they have EKS's form. */
const addonVersions: Readonly<Record<string, string>> = {
  coredns: "v1.13.2-eksbuild.3",
  "kube-proxy": "v1.36.1-eksbuild.2",
  "vpc-cni": "v1.21.1-eksbuild.1",
  "aws-ebs-csi-driver": "v1.56.0-eksbuild.1",
  "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
  "metrics-server": "v0.8.1-eksbuild.1",
};

/** Ids of the zones in which EKS takes no subnet for a cluster (user guide, "VPC and Subnet considerations"). */
const zonesWithoutEks = ["use1-az3", "usw1-az2", "cac1-az3"];

/** Access policies of EKS (ListAccessPolicies). */
const accessPolicies = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSViewPolicy",
];

const cluster = "aws:eks/cluster:Cluster";
const accessEntry = "aws:eks/accessEntry:AccessEntry";
const policyAssociation = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
const podIdentity = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const addon = "aws:eks/addon:Addon";
const role = "aws:iam/role:Role";

/** What a cluster takes along when it is deleted. */
const partsOfCluster = [policyAssociation, accessEntry, podIdentity, addon];

function entryIdOf({ inputs }: Draft): string {
  return `${textOf(inputs, "clusterName")}:${textOf(inputs, "principalArn")}`;
}

const principal = matching(
  /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/.+$/,
  "the ARN of an IAM role or user",
);
const kubernetesName = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  "a Kubernetes name of at most 63 lower-case letters, digits and hyphens",
);

/** Clusters, access to them, and Pod Identity. */
export const eks: TypeTable = {
  [cluster]: {
    required: ["roleArn", "vpcConfig"],
    naming: { property: "name", max: 100, pattern: /^[0-9A-Za-z][A-Za-z0-9_-]*$/, auto: true },
    rules: {
      version: oneOf(...kubernetesVersions),
      roleArn: arnOf("iam"),
      enabledClusterLogTypes: oneOf(
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
      ),
      "accessConfig.authenticationMode": oneOf("API", "CONFIG_MAP", "API_AND_CONFIG_MAP"),
      "computeConfig.nodePools": oneOf("general-purpose", "system"),
      "encryptionConfig.resources": oneOf("secrets"),
      "encryptionConfig.provider.keyArn": arnOf("kms"),
      "kubernetesNetworkConfig.ipFamily": oneOf("ipv4", "ipv6"),
      "kubernetesNetworkConfig.serviceIpv4Cidr": cidr(12, 24),
      "upgradePolicy.supportType": oneOf("STANDARD", "EXTENDED"),
      "vpcConfig.publicAccessCidrs": cidr(),
    },
    crossChecks: clusterProblems,
    references: [
      { path: "roleArn", to: role },
      { path: "computeConfig.nodeRoleArn", to: role },
      { path: "vpcConfig.subnetIds", to: "aws:ec2/subnet:Subnet", holds: true },
      { path: "encryptionConfig.provider.keyArn", to: "aws:kms/key:Key" },
    ],
    checks: checkCluster,
    taken: "ResourceInUseException",
    notFound: "ResourceNotFoundException",
    inUse: "ResourceInUseException",
    replaceOn: [
      "name",
      "roleArn",
      "bootstrapSelfManagedAddons",
      "encryptionConfig",
      "kubernetesNetworkConfig.ipFamily",
      "kubernetesNetworkConfig.serviceIpv4Cidr",
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
    ],
    tags: true,
    defaults: {
      version: kubernetesVersions.at(-1) ?? "",
      accessConfig: {
        authenticationMode: "CONFIG_MAP",
        bootstrapClusterCreatorAdminPermissions: true,
      },
      bootstrapSelfManagedAddons: true,
      deletionProtection: false,
      enabledClusterLogTypes: [],
      kubernetesNetworkConfig: {
        ipFamily: "ipv4",
        serviceIpv4Cidr: "172.20.0.0/16",
        elasticLoadBalancing: { enabled: false },
      },
      upgradePolicy: { supportType: "EXTENDED" },
      vpcConfig: {
        endpointPrivateAccess: false,
        endpointPublicAccess: true,
        publicAccessCidrs: ["0.0.0.0/0"],
        securityGroupIds: [],
      },
    },
    computed: (created) => ({
      arn: arn(created, "eks", `cluster/${created.id}`),
      createdAt: new Date().toISOString(),
      platformVersion: "eks.1",
      status: "CREATING",
      identities: [{ oidcs: [{ issuer: issuer(created) }] }],
      vpcConfig: {
        clusterSecurityGroupId: ec2Id("sg"),
        vpcId: vpcOf(created, "vpcConfig.subnetIds"),
      },
    }),
    provision: async (created, host) => {
      admitCreator(created);
      ensureLogGroup(created);
      ensureInstanceProfile(created);
      const info = await startCluster(
        {
          accountId: created.account.id,
          name: created.id,
          version: textOf(created.inputs, "version") || (kubernetesVersions.at(-1) ?? ""),
          region: created.account.region,
          availabilityZones: zonesOf(created, "vpcConfig.subnetIds"),
        },
        host,
      );
      return {
        status: "ACTIVE",
        endpoint: info.endpoint,
        certificateAuthority: { data: info.certificateAuthority },
        certificateAuthorities: [{ data: info.certificateAuthority }],
      };
    },
    guard: (record) => {
      if (record.inputs["deletionProtection"] === true) {
        throw new AwsError(
          "InvalidRequestException",
          `Cannot delete cluster ${record.id}: deletion protection is enabled. Fix: set deletionProtection to false and run pulumi up first`,
        );
      }
    },
    release: async (record, account, store, { controlPlanes }) => {
      await controlPlanes.delete({ accountId: account.id, name: record.id });
      for (const type of partsOfCluster) {
        for (const { id, inputs } of store.list(type)) {
          if (textOf(inputs, "clusterName") === record.id) store.delete(type, id);
        }
      }
    },
    leave: writeLate,
  },

  [accessEntry]: {
    required: ["clusterName", "principalArn"],
    rules: {
      principalArn: principal,
      type: oneOf("STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"),
      kubernetesGroups: matching(
        /^(?!system:|eks:|aws:|amazon:|iam:).+$/,
        "a group that an access entry may map to",
      ),
    },
    references: [{ path: "clusterName", to: cluster }],
    checks: (draft, old) => {
      const { inputs, store } = draft;
      if (old === undefined && store.read(accessEntry, entryIdOf(draft)) !== undefined) {
        throw new AwsError(
          "ResourceInUseException",
          "The specified access entry resource is already in use on this cluster.",
        );
      }
      const name = textOf(inputs, "clusterName");
      const mode = stringAt(store.read(cluster, name)?.inputs, "accessConfig.authenticationMode");
      if (mode === undefined || mode === "CONFIG_MAP") {
        throw new AwsError(
          "InvalidRequestException",
          `The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation (${name} has ${mode ?? "CONFIG_MAP"})`,
        );
      }
    },
    taken: "ResourceInUseException",
    notFound: "ResourceNotFoundException",
    replaceOn: ["clusterName", "principalArn", "type"],
    tags: true,
    id: entryIdOf,
    defaults: { type: "STANDARD", kubernetesGroups: [] },
    computed: (created) => ({
      accessEntryArn: arn(
        created,
        "eks",
        `access-entry/${created.id.replace(/:arn:[^:]+:iam::(\d+):(role|user)\//, "/$2/$1/")}`,
      ),
      createdAt: new Date().toISOString(),
      modifiedAt: new Date().toISOString(),
      ...("userName" in created.inputs ? {} : { userName: textOf(created.inputs, "principalArn") }),
    }),
  },

  [policyAssociation]: {
    required: ["clusterName", "principalArn", "policyArn", "accessScope"],
    rules: {
      principalArn: principal,
      policyArn: oneOf(
        ...accessPolicies.map((name) => `arn:aws:eks::aws:cluster-access-policy/${name}`),
      ),
      "accessScope.type": oneOf("cluster", "namespace"),
    },
    crossChecks: (inputs) => {
      const namespaces = valuesAt(inputs, "accessScope.namespaces").length;
      const type = stringAt(inputs, "accessScope.type");
      if (type === "namespace" && namespaces === 0) {
        return [["accessScope", "the type namespace needs namespaces"]];
      }
      return type === "cluster" && namespaces > 0
        ? [["accessScope", "the type cluster does not allow namespaces"]]
        : [];
    },
    references: [{ path: "clusterName", to: cluster }],
    checks: (draft) => {
      const { inputs, store } = draft;
      if (store.read(accessEntry, entryIdOf(draft)) === undefined) {
        throw new AwsError(
          "ResourceNotFoundException",
          `The specified principalArn could not be found: ${textOf(inputs, "clusterName")} has no access entry for ${textOf(inputs, "principalArn")}`,
        );
      }
    },
    taken: "ResourceInUseException",
    replaceOn: ["clusterName", "principalArn", "policyArn", "accessScope"],
    id: ({ inputs }) =>
      ["clusterName", "principalArn", "policyArn"].map((key) => textOf(inputs, key)).join("#"),
    computed: () => ({
      associatedAt: new Date().toISOString(),
      modifiedAt: new Date().toISOString(),
    }),
  },

  [podIdentity]: {
    required: ["clusterName", "namespace", "serviceAccount", "roleArn"],
    rules: {
      namespace: kubernetesName,
      serviceAccount: matching(
        /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
        "a service account's name",
      ),
      roleArn: arnOf("iam"),
    },
    references: [
      { path: "clusterName", to: cluster },
      { path: "roleArn", to: role },
    ],
    checks: (draft) => {
      checkTrust(draft, "roleArn", "pods.eks.amazonaws.com");
    },
    unique: (inputs) =>
      ["clusterName", "namespace", "serviceAccount"].map((key) => textOf(inputs, key)).join(" "),
    taken: "ResourceInUseException",
    replaceOn: ["clusterName", "namespace", "serviceAccount"],
    tags: true,
    id: () => `a-${ec2Id("x").slice(3)}`,
    defaults: { disableSessionTags: false },
    computed: (created) => ({
      associationId: created.id,
      associationArn: arn(
        created,
        "eks",
        `podidentityassociation/${textOf(created.inputs, "clusterName")}/${created.id}`,
      ),
    }),
  },

  [addon]: {
    required: ["clusterName", "addonName"],
    rules: {
      addonName: oneOf(...Object.keys(addonVersions)),
      addonVersion: matching(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/, "an add-on version"),
      resolveConflictsOnCreate: oneOf("NONE", "OVERWRITE"),
      resolveConflictsOnUpdate: oneOf("NONE", "OVERWRITE", "PRESERVE"),
    },
    references: [{ path: "clusterName", to: cluster }],
    taken: "ResourceInUseException",
    replaceOn: ["clusterName", "addonName"],
    tags: true,
    id: ({ inputs }) => `${textOf(inputs, "clusterName")}:${textOf(inputs, "addonName")}`,
    computed: (created) => ({
      arn: arn(
        created,
        "eks",
        `addon/${textOf(created.inputs, "clusterName")}/${textOf(created.inputs, "addonName")}`,
      ),
      createdAt: new Date().toISOString(),
      modifiedAt: new Date().toISOString(),
      ...("addonVersion" in created.inputs
        ? {}
        : { addonVersion: addonVersions[textOf(created.inputs, "addonName")] ?? "" }),
    }),
  },
};

function clusterProblems(inputs: Bag): [string, string][] {
  const problems: [string, string][] = [];
  const network = inputs["vpcConfig"];
  if (isBag(network)) {
    const open = network["endpointPublicAccess"] ?? true;
    if (open === false && (network["endpointPrivateAccess"] ?? false) === false) {
      problems.push(["vpcConfig", "private and public endpoint access cannot both be off"]);
    }
    if (open === false && stringsAt(network, "publicAccessCidrs").length > 0) {
      problems.push([
        "vpcConfig.publicAccessCidrs",
        "cannot be set when endpointPublicAccess is false",
      ]);
    }
  }
  const auto = [
    "computeConfig.enabled",
    "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
    "storageConfig.blockStorage.enabled",
  ];
  const on = auto.filter((path) => valuesAt(inputs, path)[0] === true);
  const mayBeUnknown = ["computeConfig", "kubernetesNetworkConfig", "storageConfig"].some(
    (key) => inputs[key] !== undefined && !isBag(inputs[key]),
  );
  if (on.length > 0 && on.length < auto.length && !mayBeUnknown) {
    problems.push([
      "computeConfig",
      `compute, load balancing and block storage of Auto Mode must be on or off together; only ${on.join(", ")} is on`,
    ]);
  }
  if (on.length === auto.length && inputs["bootstrapSelfManagedAddons"] !== false) {
    problems.push(["bootstrapSelfManagedAddons", "must be false with EKS Auto Mode"]);
  }
  return problems;
}

function checkCluster(draft: Draft, old?: ResourceRecord): void {
  const { inputs, account } = draft;
  const zones = zonesOf(draft, "vpcConfig.subnetIds");
  if (zones.length < 2) {
    throw new AwsError(
      "InvalidParameterException",
      `Subnets specified must be in at least two different AZs, found ${zones.join(", ") || "none"}`,
    );
  }
  checkZones(draft, zones);
  checkTrust(draft, "roleArn", "eks.amazonaws.com");
  checkTrust(draft, "computeConfig.nodeRoleArn", "ec2.amazonaws.com");
  const key = stringAt(inputs, "encryptionConfig.provider.keyArn");
  if (key !== undefined && !key.includes(`:${account.region}:`)) {
    throw new AwsError("InvalidParameterException", `The key ${key} is not in ${account.region}`);
  }
  if (old !== undefined) checkUpgrade(inputs, old);
}

/** In three zones EKS has no room for a control plane, and says which zones of the region have. */
function checkZones({ account, name }: Draft, zones: readonly string[]): void {
  const isFull = (zone: string) => zonesWithoutEks.includes(zoneId(zone));
  const full = zones.find(isFull);
  if (full === undefined) return;
  const others = (regions.get(account.region)?.zones ?? []).filter((zone) => !isFull(zone));
  throw new AwsError(
    "UnsupportedAvailabilityZoneException",
    `Cannot create cluster '${name}' because ${full}, the targeted availability zone, does not currently have sufficient capacity to support the cluster. ` +
      `Retry and choose from these availability zones: ${others.join(", ")}`,
  );
}

/**
 * EKS upgrades one minor version at a time. It goes back by one within seven days, too, but Pulumi's provider has no step
 * for that, and the double plays none.
 */
function checkUpgrade(inputs: Bag, old: ResourceRecord): void {
  const from = stringAt(old.inputs, "version");
  const to = stringAt(inputs, "version");
  if (from === undefined || to === undefined) return;
  const step = kubernetesVersions.indexOf(to) - kubernetesVersions.indexOf(from);
  if (step < 0 || step > 1) {
    throw new AwsError(
      "InvalidParameterException",
      `Unsupported Kubernetes minor version update from ${from} to ${to}: EKS upgrades one minor version at a time`,
    );
  }
}

/** EKS lets in who makes a cluster, as an administrator, unless it is told not to. */
function admitCreator({ account, store, inputs, id }: Created): void {
  const mode = stringAt(inputs, "accessConfig.authenticationMode");
  const [wanted = true] = valuesAt(inputs, "accessConfig.bootstrapClusterCreatorAdminPermissions");
  const isNew = stringAt(store.read(cluster, id)?.computed, "status") === "CREATING";
  if (!isNew || wanted === false || mode === undefined || mode === "CONFIG_MAP") return;
  const entry = { clusterName: id, principalArn: account.caller };
  const policy = {
    ...entry,
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "cluster" },
  };
  for (const [type, given] of [
    [accessEntry, entry],
    [policyAssociation, policy],
  ] as const) {
    const draft = { account, store, inputs: given, name: "" };
    const partId = eks[type]?.id?.(draft) ?? "";
    if (store.read(type, partId) !== undefined) continue;
    const computed = eks[type]?.computed?.({ ...draft, id: partId }) ?? {};
    store.create({ type, id: partId, inputs: given, computed, origin: madeByEks(id) });
  }
}

function issuer(created: Created): string {
  const id = createHash("sha256")
    .update(`${created.account.id}/${created.id}`)
    .digest("hex")
    .slice(0, 32)
    .toUpperCase();
  return `https://oidc.eks.${created.account.region}.amazonaws.com/id/${id}`;
}
