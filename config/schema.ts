import { z } from "zod";
import { whyNoAppKey } from "./app-key.ts";
import { contains, parseCidr } from "./cidr.ts";
import { identityCenterPath, lacksIdentityCenterPath } from "./identity-center.ts";

/** The account number that stands for "not decided yet"; a real run refuses it. */
export const undecidedAccount = "000000000000";

/** Retention periods CloudWatch Logs accepts, in days (PutRetentionPolicy, retentionInDays), up to two years. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

const retention = z.literal(retentionDays);
const version = z
  .string()
  .regex(/^\d+\.\d+\.\d+$/, "must be a release such as 3.6.1, without a leading v");
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256: 64 lowercase hex digits");
const manifestUrl = z
  .string()
  .regex(/^(https|file):\/\/\S+$/, "must be an https:// or file:// address");
const branchName = z.string().regex(/^[\w./-]+$/, "must be the name of a branch");
const githubRepository = z
  .string()
  .regex(
    /^([\w.-]+\/[\w.-]+|[\w.-]+@\d+\/[\w.-]+@\d+)$/,
    "must be <owner>/<repository> or, with GitHub's ids, <owner>@<id>/<repository>@<id>: exactly one repository",
  );

/** A repository on GitHub as the subject of its jobs' tokens names it, which AWS compares letter by letter. */
const tokenRepository = {
  /**
   * `<owner>/<repository>`, or `<owner>@<id>/<repository>@<id>` for one that is new, renamed or transferred since 15 July
   * 2026 (github.blog/changelog/2026-04-23). `gh api repos/<owner>/<repository>/actions/oidc/customization/sub` says it.
   */
  repository: githubRepository,
  /**
   * The same repository in its old form, trusted as well while it is renamed, transferred or changes to ids. Take it
   * out afterwards: whoever gets the old name could get in. @default only `repository` is trusted
   */
  formerly: githubRepository.optional(),
};

/** A domain name of at least two parts, in lower case. */
export const domainName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
    "must be a domain name such as example.com",
  );

const cidr = z
  .string()
  .refine((text) => parseCidr(text) !== undefined, "must be a network such as 10.10.0.0/16");

/** Private networks of RFC 1918: from them the chart's NetworkPolicy lets load balancers in. */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(parseCidr);

const vpcCidr = cidr
  .refine(
    (text) => {
      const prefix = parseCidr(text)?.prefix ?? 0;
      return prefix === 16 || prefix === 17;
    },
    {
      error:
        "must be a /16 or /17: three zones need three /20 and three /24 subnets, each zone in a quarter",
      abort: true,
    },
  )
  .refine(
    (text) => {
      const own = parseCidr(text);
      return privateNetworks.some((outer) => outer && own && contains(outer, own));
    },
    {
      error:
        "must be in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: a service's NetworkPolicy lets load balancers in from there",
      abort: true,
    },
  );

/** A zone by its name. The names of Local Zones and Wavelength Zones, such as us-west-2-lax-1a, have another form. */
const zone = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, "must be an availability zone such as us-west-2a");

/** A person or role that may use the cluster's API: an EKS access entry. */
const access = z.strictObject({
  /** A stable name for the entry; the entry is replaced when it changes. */
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lowercase letters, digits and dashes"),
  /** The IAM principal, its path included: EKS refuses a role of IAM Identity Center without it. */
  principalArn: z
    .string()
    .regex(/^arn:aws[\w-]*:iam::\d{12}:(role|user)\/\S+$/, "must be the ARN of an IAM role or user")
    .refine(
      (arn) => !lacksIdentityCenterPath(arn.replace(/^[^/]*\//, "")),
      `must have the whole path of a role of IAM Identity Center, as this prints it: ` +
        `aws iam list-roles --path-prefix ${identityCenterPath} --query 'Roles[].Arn'`,
    ),
  /** What the principal may do: everything, everything in the namespaces, or read without secrets. */
  level: z.enum(["cluster-admin", "admin", "view"]),
  /** Namespaces in which the level applies. @default the whole cluster */
  namespaces: z.array(z.string()).min(1).optional(),
});

/** A GitHub App, installed in the platform's repository. Its numbers are no secrets. */
const githubApp = {
  appId: z.string().regex(/^\d+$/, "must be the app's number, in quotes"),
  installationId: z.string().regex(/^\d+$/, "must be the installation's number, in quotes"),
};

/** The least vCPU of a node: Auto Mode starts none with one. */
const vcpuOfNode = 2;

/** A weekly window for changes that move Pods. EKS brings new node images about once a week. */
const maintenance = z.strictObject({
  /** The days on which it begins. */
  days: z
    .array(z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
    .min(1)
    .refine((days) => twice(days).size === 0, "must name each day once"),
  /** The hour at which it begins, in UTC. */
  startHour: z.int().min(0).max(23),
  /** Its length in hours. */
  hours: z.int().min(1).max(23),
});

/** How the images of an environment change. */
const images = z.discriminatedUnion("strategy", [
  z.strictObject({
    /** `newest-build`: the newest `sha-*` image. `semver`: the highest `vX.Y.Z`. Image Updater writes both to git. */
    strategy: z.enum(["newest-build", "semver"]),
    /** Where the account's registry answers. @default https:// and the registry's host name */
    registryApiUrl: z.url().optional(),
    imageUpdater: z.strictObject({
      /** Release of Argo CD Image Updater. */
      version,
      /** sha256 of that release's config/install.yaml. */
      manifestSha256: sha256,
      /** Where to read it. @default the version's file in config/releases */
      manifestUrl: manifestUrl.optional(),
      /** Seconds between two looks at the registry. Every look is a call to ECR: below 30 it may throttle. */
      intervalSeconds: z.int().min(5).max(3600),
    }),
    /**
     * The GitHub App that Image Updater writes tags with, not the one of {@link GithubApp}. `idp github writer-key` puts
     * its key into the cluster: in the stack every preview could read it.
     * @default the credentials that Argo CD has for the repository
     */
    writer: z.strictObject(githubApp).optional(),
  }),
  z.strictObject({
    /** `pinned`: a pull request changes the version, nothing else does. Image Updater is not installed. */
    strategy: z.literal("pinned"),
  }),
]);

/** Two weeks, in minutes. */
const longestSoak = 14 * 24 * 60;

/** A role's name has at most 64 characters (IAM quotas); the engine adds 8 to `idp-github-publish-<image>`. */
const longestPublished = 64 - "idp-github-publish-".length - 8;

/**
 * The settings of one stack, `idp:*` in Pulumi.<stack>.yaml. Every key is listed here; an unknown one is an error. A run
 * accepts less: {@link ConsistentSettings}.
 */
export const Settings = z.strictObject({
  aws: z.strictObject({
    /** The account this stack lives in, and the only one its provider will touch. */
    accountId: z.string().regex(/^\d{12}$/, "must be a 12-digit AWS account number, in quotes"),
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "must be a region such as us-west-2"),
    /** Profile of the AWS CLI to use. Leave it out where credentials come from OIDC. @default the environment's credentials */
    profile: z.string().min(1).optional(),
  }),
  /** The repository that every Argo CD watches and that GitHub's workflows run from. */
  repository: z.strictObject({
    url: z
      .string()
      .regex(
        /^(https:\/\/[^\s/]+|http:\/\/127\.0\.0\.1:\d+)\/\S*[^\s/]$/,
        "must be an https address without a trailing slash",
      ),
    /** The branch that is deployed. */
    branch: branchName,
  }),
  /** Domain of the environment's services: every `ingress.host` is a name in it. @default any host name */
  domain: domainName.optional(),
  network: z.strictObject({
    /**
     * The VPC's IPv4 network, /16 or /17, private by RFC 1918, not shared with another environment. Replaces the VPC when
     * changed.
     */
    cidr: vpcCidr,
    /**
     * Names of the three zones to be in. Replaces subnets, and what is in them, when changed.
     * @default the first three of the region that EKS can use
     */
    zones: z.array(zone).length(3, "must be three zones").optional(),
    /** `Single`: one NAT gateway, one zone's failure stops all egress. `OnePerAz`: three, at three times the price. */
    natGateways: z.enum(["Single", "OnePerAz"]),
    /** Days to keep the VPC's flow logs; they are billed by volume. */
    flowLogRetentionDays: retention,
  }),
  cluster: z.strictObject({
    /** Kubernetes minor version. EKS goes up one at a time; the way back is docs/runbooks/cluster-upgrade.md. */
    version: z.string().regex(/^1\.\d{2}$/, 'must be a Kubernetes minor version such as "1.36"'),
    /** Version of the add-on metrics-server; EKS offers some for each Kubernetes version, and never raises it by itself. */
    metricsServerVersion: z
      .string()
      .regex(
        /^v\d+\.\d+\.\d+-eksbuild\.\d+$/,
        "must be a version of the EKS add-on such as v0.8.1-eksbuild.10",
      ),
    /** Networks that may reach the API from outside the VPC. Empty: from inside the VPC only. */
    publicAccessCidrs: z.array(cidr).max(40),
    /** Refuses to delete the cluster, and registries that hold images, until it is set to false and applied. */
    deletionProtection: z.boolean(),
    /** Days to keep the control plane's logs; they are billed by volume. */
    logRetentionDays: retention,
    /** The nodes that everything runs on. EKS starts and replaces them. */
    nodes: z.strictObject({
      /** The most vCPU of all nodes together, and so the ceiling of their cost: about $34 a month each. */
      maxVcpu: z.int().min(vcpuOfNode).max(1000),
      /** When EKS may replace or merge nodes that have Pods, in UTC. @default at any time */
      maintenance: maintenance.optional(),
    }),
    /** Who may use the cluster's API besides the workflows' roles: at least one administrator of the whole cluster. */
    access: z.array(access),
  }),
  argoCd: z.strictObject({
    /** Release of Argo CD. */
    version,
    /** sha256 of that release's manifests/install.yaml (manifests/ha/install.yaml with highAvailability). */
    manifestSha256: sha256,
    /** Where to read it. @default the version's file in config/releases */
    manifestUrl: manifestUrl.optional(),
    /** Redis with sentinels and two of each server; needs three nodes. */
    highAvailability: z.boolean(),
    /** Seconds between two looks at git; up to half as much again is added at random to spread the load. */
    reconciliationSeconds: z.int().min(5).max(3600),
    /** `automated`: git is applied at once, deletions too. `manual`: a person syncs, and nothing is deleted by itself. */
    sync: z.enum(["automated", "manual"]),
  }),
  images,
  /** What a release must have behind it before it may come here. Only where a pull request changes the version. */
  promotion: z
    .strictObject({
      /**
       * Minutes that the environment before must have had the release without a break, up to two weeks. Git's time of the
       * change counts and, where its cluster is asked, the time since which Argo CD calls it Healthy, if that is later.
       * @default 0: it may go on at once
       */
      soakMinutes: z.int().min(0).max(longestSoak).optional(),
    })
    .optional(),
  github: z.strictObject({
    /** The repository whose workflows provision this account. */
    ...tokenRepository,
    /**
     * The bucket in which this stack is kept, for the workflows' roles to reach it. Each account needs its own: anyone who
     * can write a stack can make the next run delete what it lists. @default the stack is elsewhere, as in Pulumi Cloud
     */
    stateBackend: z
      .strictObject({
        /** Name of the S3 bucket. */
        bucket: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of an S3 bucket"),
        /** The KMS key that encrypts the bucket and, as `awskms://`, the stack's secrets. */
        keyArn: z
          .string()
          .regex(/^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/, "must be the ARN of a KMS key"),
      })
      .optional(),
    /**
     * From where `service-build.yml` and `service-release.yml` of `repository` may push a service's image: up to three
     * branches or tags as `refs/...`, or commits. Whoever can change such a branch or tag can push images.
     * @default the deployed branch, which decides what is provisioned anyway
     */
    workflowRefs: z
      .array(
        z
          .string()
          .regex(
            /^(refs\/(heads|tags)\/[\w./-]+|[0-9a-f]{40})$/,
            "must be refs/heads/<branch>, refs/tags/<tag> or a commit of 40 hex digits",
          ),
      )
      .min(1)
      // A trust policy has at most 2048 characters.
      .max(3)
      .optional(),
    /**
     * A runner of GitHub Actions in the VPC, for jobs that need the cluster's private endpoint; the repository must be
     * private. Paid by the minute. @default none: the workflows run on GitHub's own
     */
    runner: z
      .strictObject({
        /** The connection to GitHub, in the account and region of the stack, which a person has accepted. */
        connectionArn: z
          .string()
          .regex(
            /^arn:aws[\w-]*:(codeconnections|codestar-connections):[\w-]+:\d{12}:connection\/[\w-]+$/,
            "must be the ARN of a CodeConnections connection",
          ),
      })
      .optional(),
    /** The service repositories that may push images, each to its own ECR repository only. */
    publishers: z.array(
      z.strictObject({
        ...tokenRepository,
        /** The branch whose commits are built, where the environment takes builds. @default main */
        branch: branchName.optional(),
        /** The ECR repository: the service file's image.repository without the host. */
        image: z
          .string()
          .regex(/^[a-z0-9]+([._/-][a-z0-9]+)*$/, "must be an ECR repository name")
          .max(
            longestPublished,
            `must have at most ${longestPublished} characters: its role is named after it`,
          ),
      }),
    ),
  }),
});
export type Settings = z.infer<typeof Settings>;

/** The image settings of a stack whose images Image Updater changes. */
export type UpdatedImages = Exclude<Settings["images"], { strategy: "pinned" }>;

/** Access entries that the program makes itself, for the roles of GithubAccess. */
const workflowAccess = ["provision", "audit", "preview"];

/** A network wider than /8 belongs to no single owner; two halves of the internet are the whole of it. */
function isWiderThanAnOwner(text: string): boolean {
  return (parseCidr(text)?.prefix ?? 0) < 8;
}

function twice(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}

const { aws } = Settings.shape;

/** What a run accepts: {@link Settings} with a decided account, and the rules between two of them. */
export const ConsistentSettings = Settings.extend({
  aws: aws.extend({
    accountId: aws.shape.accountId.refine(
      (id) => id !== undecidedAccount,
      "is a placeholder: put in the number of this environment's account",
    ),
  }),
}).superRefine((settings, context) => {
  const { publicAccessCidrs, deletionProtection, access: entries } = settings.cluster;
  if (deletionProtection && publicAccessCidrs.some(isWiderThanAnOwner)) {
    context.addIssue({
      code: "custom",
      path: ["cluster", "publicAccessCidrs"],
      message:
        "must hold no network wider than /8 where deletionProtection is true: name the networks",
    });
  }
  for (const name of twice([...workflowAccess, ...entries.map((entry) => entry.name)])) {
    context.addIssue({
      code: "custom",
      path: ["cluster", "access"],
      message: `must name each entry once, and ${workflowAccess.join(", ")} belong to the workflows: "${name}" is there twice`,
    });
  }
  for (const principal of twice(entries.map(({ principalArn }) => principalArn))) {
    context.addIssue({
      code: "custom",
      path: ["cluster", "access"],
      message: `must name each principal once, as EKS does: "${principal}" is there twice`,
    });
  }
  if (!entries.some(({ level, namespaces }) => level === "cluster-admin" && !namespaces)) {
    context.addIssue({
      code: "custom",
      path: ["cluster", "access"],
      message:
        "must name a cluster-admin of the whole cluster: no person could reach it. npx idp init --admin <role> adds one",
    });
  }
  for (const [index, { principalArn }] of entries.entries()) {
    if (!principalArn.includes(`:iam::${undecidedAccount}:`)) continue;
    context.addIssue({
      code: "custom",
      path: ["cluster", "access", index, "principalArn"],
      message: "names the placeholder account: put in the number of this environment's account",
    });
  }
  const fewestVcpu = vcpuOfNode * argoCdNodes(settings.argoCd);
  if (settings.cluster.nodes.maxVcpu < fewestVcpu) {
    context.addIssue({
      code: "custom",
      path: ["cluster", "nodes", "maxVcpu"],
      message: `must be at least ${fewestVcpu} where argoCd.highAvailability is true: its Pods need three nodes`,
    });
  }
  const { github } = settings;
  for (const [path, { repository, formerly }] of [
    [["github"], github] as const,
    ...github.publishers.map(
      (publisher, index) => [["github", "publishers", index], publisher] as const,
    ),
  ]) {
    if (repository !== formerly) continue;
    context.addIssue({
      code: "custom",
      path: [...path, "formerly"],
      message: "must differ from repository: it is the old form of its name",
    });
  }
  const { zones = [] } = settings.network;
  const ofRegion = new RegExp(`^${settings.aws.region}[a-z]$`);
  if (twice(zones).size > 0 || !zones.every((name) => ofRegion.test(name))) {
    context.addIssue({
      code: "custom",
      path: ["network", "zones"],
      message: `must be three different zones of ${settings.aws.region}`,
    });
  }
  const roles = settings.github.publishers.map(({ image }) => image.replaceAll("/", "-"));
  for (const role of twice(roles)) {
    context.addIssue({
      code: "custom",
      path: ["github", "publishers"],
      message: `must give each image one publisher, counting / and - as the same: "${role}" is there twice`,
    });
  }
  if (settings.argoCd.sync === "manual" && settings.images.strategy !== "pinned") {
    context.addIssue({
      code: "custom",
      path: ["images", "strategy"],
      message:
        'must be "pinned" where argoCd.sync is manual: nobody has approved what would be written to git',
    });
  }
  if (settings.promotion && settings.images.strategy !== "pinned") {
    context.addIssue({
      code: "custom",
      path: ["promotion"],
      message:
        'must be left out where images.strategy is not "pinned": Image Updater writes the version, nobody promotes it',
    });
  }
  if (
    settings.images.strategy !== "pinned" &&
    settings.images.writer &&
    !settings.repository.url.startsWith("https://github.com/")
  ) {
    context.addIssue({
      code: "custom",
      path: ["images", "writer"],
      message:
        "must be left out where repository.url is not on https://github.com: it is a GitHub App",
    });
  }
});

/** Key of {@link GithubApp}, which is read as a secret and is not one of the {@link Settings}. */
export const githubAppKey = "githubApp";

/** Credentials of the GitHub App with which Argo CD reads a private repository: secret `idp:githubApp`. It only reads. */
export const GithubApp = z.strictObject({
  ...githubApp,
  /** The app's private key: the text of the .pem file that GitHub's page downloads, as it is. */
  privateKey: z.string().superRefine((text, context) => {
    const found = whyNoAppKey(text);
    if (found !== undefined) {
      context.addIssue({
        code: "custom",
        message: "must be the whole .pem file that the app's page on GitHub gave, unchanged",
        params: { found },
      });
    }
  }),
});
export type GithubApp = z.infer<typeof GithubApp>;

/** Returns how many nodes Argo CD needs: with high availability Redis runs on three. */
export function argoCdNodes({ highAvailability }: Pick<Settings["argoCd"], "highAvailability">) {
  return highAvailability ? 3 : 1;
}

/** Returns the host name of an account's ECR registry. */
export function registryHost({ accountId, region }: Pick<Settings["aws"], "accountId" | "region">) {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `${accountId}.dkr.ecr.${region}.${suffix}`;
}
