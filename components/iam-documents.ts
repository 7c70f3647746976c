import type * as aws from "@pulumi/aws";
import { withoutIds } from "../lib/github-address.ts";

/** The IAM policy documents of the platform, as data. Nothing here allows every action on every resource. */

const version = "2012-10-17";

/** Name of the policy that bounds every role of the platform; fixed, because policies refer to it. */
export const boundaryName = "idp-boundary";

/** Issuer of the tokens that GitHub Actions jobs carry. */
export const githubIssuer = "token.actions.githubusercontent.com";

/**
 * Returns a trust policy that lets an AWS service assume the role, but only when it works for this account. A service
 * that another account sends is refused (AWS calls this the confused deputy problem).
 */
export function serviceTrust(service: string, accountId: string): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: ["sts:AssumeRole"],
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
    ],
  };
}

/** The Pods that get a role: those of one service account in one cluster. */
export interface PodIdentity {
  readonly clusterArn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Returns a trust policy that lets EKS Pod Identity give the role to these Pods. Pod Identity names cluster, namespace
 * and service account in the session's tags (EKS user guide, "Grant Pods access to AWS resources based on tags"). An
 * association that somebody makes for other Pods therefore gets nothing.
 */
export function podIdentityTrust(pod: PodIdentity): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-arn": pod.clusterArn,
            "aws:RequestTag/kubernetes-namespace": pod.namespace,
            "aws:RequestTag/kubernetes-service-account": pod.serviceAccount,
          },
        },
      },
    ],
  };
}

/** A repository on GitHub as the subject of its jobs' tokens names it. */
export interface GithubRepository {
  /** `<owner>/<repository>`, or `<owner>@<id>/<repository>@<id>` where GitHub puts the ids into the subject. */
  readonly repository: string;
  /** The same repository in its old form, trusted as well until a rename is done. */
  readonly formerly?: string | undefined;
}

/** The jobs of a GitHub repository that may assume a role: what exactly their token must say. */
export interface GithubJobs extends GithubRepository {
  /**
   * One of these must be the token's subject: `environment:<name>` for a job that GitHub's environment rules have let
   * through, `pull_request` or `ref:refs/heads/<branch>` for a job without an environment.
   */
  readonly subjects: readonly [GithubSubject, ...GithubSubject[]];
  /**
   * The branch that the job must run on. A job with an environment has that subject even on a pull request, which can
   * change the workflow: the branch keeps such a job out even before the environment has rules.
   */
  readonly branch?: string | undefined;
  /**
   * One of these must be the workflow file that has the job's steps, as `<owner>/<name>/.github/workflows/<file>@<ref>`.
   * A repository that calls a workflow of another one cannot change those steps.
   */
  readonly workflows?: readonly string[];
}
type GithubSubject = "pull_request" | `environment:${string}` | `ref:refs/heads/${string}`;

/**
 * Returns a trust policy that lets only these jobs assume the role. Since January 2026 AWS reads the claims `ref` and
 * `job_workflow_ref` as well as `sub` and `aud` (IAM user guide, keys for AWS OIDC federation). IAM allows 2048
 * characters.
 */
export function githubTrust(
  providerArn: string,
  jobs: readonly GithubJobs[],
): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: jobs.map(({ subjects, branch, workflows, ...repository }) => ({
      Effect: "Allow",
      Principal: { Federated: providerArn },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          [`${githubIssuer}:aud`]: "sts.amazonaws.com",
          [`${githubIssuer}:sub`]: oneOrList(
            namesOf(repository).flatMap((name) =>
              subjects.map((subject) => `repo:${name}:${subject}`),
            ),
          ),
          ...(branch === undefined ? {} : { [`${githubIssuer}:ref`]: `refs/heads/${branch}` }),
          ...(workflows === undefined
            ? {}
            : { [`${githubIssuer}:job_workflow_ref`]: oneOrList(workflows) }),
        },
      },
    })),
  };
}

/**
 * Returns how a job's token names a workflow file of this repository at each of the refs. Unlike the subject it never
 * has ids.
 * @param file such as `service-build.yml`
 * @param refs branches and tags as `refs/...`, or commits
 */
export function workflowsAt(
  repository: GithubRepository,
  file: string,
  refs: readonly string[],
): string[] {
  return [...new Set(namesOf(repository).map(withoutIds))].flatMap((name) =>
    refs.map((ref) => `${name}/.github/workflows/${file}@${ref}`),
  );
}

function namesOf({ repository, formerly }: GithubRepository): string[] {
  return [repository, ...(formerly === undefined ? [] : [formerly])];
}

function oneOrList(values: readonly string[]): string | string[] {
  const [first] = values;
  return values.length === 1 && first !== undefined ? first : [...values];
}

/** Returns the rights to write flow logs into one log group. */
export function flowLogDelivery(logGroupArn: string): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        Resource: [logGroupArn, `${logGroupArn}:*`],
      },
    ],
  };
}

/**
 * Returns the rights that EKS needs besides its managed policies to put tags of our own on what it makes for nodes: those
 * policies name the tags that they allow (EKS user guide, "Custom AWS tags for EKS Auto resources"). As in them, whatever
 * is made must be tagged as the cluster's.
 */
export function nodeTagging(clusterName: string): aws.iam.PolicyDocument {
  const ofCluster = { "aws:RequestTag/eks:eks-cluster-name": clusterName };
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Action: ["ec2:CreateFleet", "ec2:CreateLaunchTemplate", "ec2:RunInstances"],
        Resource: "*",
        Condition: {
          StringEquals: ofCluster,
          StringLike: {
            "aws:RequestTag/eks:kubernetes-node-class-name": "*",
            "aws:RequestTag/eks:kubernetes-node-pool-name": "*",
          },
        },
      },
      {
        Effect: "Allow",
        Action: ["ec2:CreateNetworkInterface"],
        Resource: "*",
        Condition: {
          StringEquals: ofCluster,
          StringLike: { "aws:RequestTag/eks:kubernetes-cni-node-name": "*" },
        },
      },
    ],
  };
}

/** The right to get a token for the registry; ECR cannot limit it to one repository. */
const ecrLogin = {
  Effect: "Allow" as const,
  Action: ["ecr:GetAuthorizationToken"],
  Resource: "*",
};

const ecrReadActions = [
  "ecr:BatchGetImage",
  "ecr:DescribeImages",
  "ecr:GetDownloadUrlForLayer",
  "ecr:ListImages",
];

const ecrPushActions = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:CompleteLayerUpload",
  "ecr:InitiateLayerUpload",
  "ecr:PutImage",
  "ecr:UploadLayerPart",
];

/** Returns the rights to read images of these repositories. */
export function ecrRead(repositoryArns: readonly string[]): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      ecrLogin,
      { Effect: "Allow", Action: ecrReadActions, Resource: [...repositoryArns] },
    ],
  };
}

/** Returns the rights to push to one repository, and to read what it has already. */
export function ecrPublish(repositoryArn: string): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      ecrLogin,
      { Effect: "Allow", Action: [...ecrReadActions, ...ecrPushActions], Resource: repositoryArn },
    ],
  };
}

/** The right to read what a preview compares with: no objects, no images, no log lines, no secrets. */
const descriptions = {
  Effect: "Allow" as const,
  Action: [
    "ec2:Describe*",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
    "eks:Describe*",
    "eks:List*",
    "iam:Get*",
    "iam:List*",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListResourceTags",
    "logs:DescribeLogGroups",
    "logs:ListTagsForResource",
    "sts:GetCallerIdentity",
  ],
  Resource: "*",
};

/**
 * Hides user data: programs that instances start with, in which people put passwords. These three actions of
 * `ec2:Describe*` would show it; a preview needs none of them.
 */
const noUserData = {
  Effect: "Deny" as const,
  Action: [
    "ec2:DescribeInstanceAttribute",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeSpotInstanceRequests",
  ],
  Resource: "*",
};

/**
 * Returns the rights of a preview: to read what it compares with and, where the stacks are kept in S3, their state. The
 * state holds everything that the stacks know, secrets included. A preview takes no lock and writes nothing.
 */
export function previewAccess({
  stateBackend,
  runner,
}: Pick<IamScope, "stateBackend" | "runner">): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      descriptions,
      noUserData,
      ...(stateBackend === undefined
        ? []
        : [
            ...stateObjects(stateBackend, ["s3:GetObject"]),
            { Effect: "Allow" as const, Action: ["kms:Decrypt"], Resource: stateBackend.keyArn },
          ]),
      ...(runner === undefined
        ? []
        : [
            {
              Effect: "Allow" as const,
              Action: ["codebuild:BatchGetProjects"],
              Resource: runner.projectArn,
            },
          ]),
    ],
  };
}

/**
 * Returns the right to find a cluster's API, which `aws eks update-kubeconfig` needs. What may be done there is said by the
 * cluster's access entries.
 */
export function clusterSignIn(clusterArn: string): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [{ Effect: "Allow", Action: ["eks:DescribeCluster"], Resource: clusterArn }],
  };
}

/** All actions of the AWS services in which the program makes resources. */
const provisionedServices = ["ec2:*", "ecr:*", "eks:*", "kms:*", "logs:*"];

/** The AWS services that a role may be passed to. None lets a caller run its own code with the role unnoticed. */
const passedTo = [
  // Auto Mode starts nodes with the node role, the only one that trusts EC2.
  "ec2.amazonaws.com",
  "eks.amazonaws.com",
  "pods.eks.amazonaws.com",
  "vpc-flow-logs.amazonaws.com",
];

/** Where the platform's IAM lives in an account. */
export interface IamScope {
  /** ARN of the policy named {@link boundaryName}. */
  readonly boundaryArn: string;
  /** ARN pattern of the platform's own roles: all carry the prefix `idp-`. */
  readonly roleArns: string;
  /** Where the account's stack is kept in S3; undefined where Pulumi Cloud keeps it. */
  readonly stateBackend?: StateBackend | undefined;
  /** What the runner in the VPC is made of; undefined where there is none. */
  readonly runner?: RunnerScope | undefined;
}

/** The CodeBuild project of a runner, and how it reaches GitHub. */
interface RunnerScope {
  /** ARN pattern of the project. */
  readonly projectArn: string;
  /** The CodeConnections connection to GitHub. */
  readonly connectionArn: string;
}

/** A bucket with stacks in it. */
interface StateBackend {
  readonly bucketArn: string;
  /** The key that encrypts the bucket's objects and the stacks' secrets. */
  readonly keyArn: string;
}

/** Returns the scope of an account; `stateBackend` and `runner` are as in the stack's settings. */
export function iamScope(
  partition: string,
  accountId: string,
  stateBackend?: { readonly bucket: string; readonly keyArn: string },
  runner?: { readonly projectName: string; readonly connectionArn: string },
): IamScope {
  const account = `arn:${partition}:iam::${accountId}`;
  return {
    boundaryArn: `${account}:policy/${boundaryName}`,
    roleArns: `${account}:role/idp-*`,
    ...(stateBackend && {
      stateBackend: {
        bucketArn: `arn:${partition}:s3:::${stateBackend.bucket}`,
        keyArn: stateBackend.keyArn,
      },
    }),
    ...(runner && {
      runner: {
        projectArn: `arn:${partition}:codebuild:*:${accountId}:project/${runner.projectName}`,
        connectionArn: runner.connectionArn,
      },
    }),
  };
}

/** The right to do these actions on the objects in the state's bucket, and to list them. */
function stateObjects({ bucketArn }: StateBackend, actions: readonly string[]) {
  return [
    { Effect: "Allow" as const, Action: ["s3:ListBucket"], Resource: bucketArn },
    { Effect: "Allow" as const, Action: [...actions], Resource: `${bucketArn}/*` },
  ];
}

/** The right to change the stacks, their locks and history. {@link provisionedServices} includes the key. */
function stateManagement({ stateBackend }: IamScope) {
  return stateBackend === undefined
    ? []
    : stateObjects(stateBackend, ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]);
}

/** The actions of these names on a connection to GitHub. Its ARN has the service's old name or its new one, as they have. */
function connectionActions(connectionArn: string, names: readonly string[]): string[] {
  const service = connectionArn.split(":")[2] ?? "codeconnections";
  return names.map((name) => `${service}:${name}`);
}

/** The right to make, change and delete the runner's project. Nobody may start it by hand: GitHub's jobs do. */
function runnerManagement({ runner }: Pick<IamScope, "runner">) {
  if (runner === undefined) return [];
  return [
    {
      Effect: "Allow" as const,
      Action: [
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:CreateWebhook",
        "codebuild:DeleteProject",
        "codebuild:DeleteWebhook",
        "codebuild:UpdateProject",
        "codebuild:UpdateWebhook",
      ],
      Resource: runner.projectArn,
    },
    connectionUse(runner),
  ];
}

/** The right to act on GitHub by the connection, which CodeBuild needs of who makes the webhook and of the project. */
function connectionUse({ connectionArn }: Pick<RunnerScope, "connectionArn">) {
  return {
    Effect: "Allow" as const,
    Action: connectionActions(connectionArn, [
      "GetConnection",
      "GetConnectionToken",
      "PassConnection",
      "UseConnection",
    ]),
    Resource: connectionArn,
  };
}

/** A session in the runner's container by Systems Manager (CodeBuild user guide, "Debug builds with Session Manager"). */
const sessionActions = [
  "ssmmessages:CreateControlChannel",
  "ssmmessages:CreateDataChannel",
  "ssmmessages:OpenControlChannel",
  "ssmmessages:OpenDataChannel",
];

/** What the runner's role is limited to. */
export interface RunnerReach {
  readonly logGroupArn: string;
  readonly subnetArns: readonly string[];
  /** ARN pattern of the account's network interfaces in the region. */
  readonly interfaceArns: string;
  readonly connectionArn: string;
}

/**
 * Returns the rights of the runner's container: its log, its network interface in the VPC, the runner's registration at
 * GitHub, and a session of an operator (CodeBuild user guide, "Allow CodeBuild access to AWS services required to create a
 * VPC network interface"). Every job on the runner has them, and none reaches AWS otherwise: a job takes its role by OIDC.
 */
export function runnerAccess(reach: RunnerReach): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: [reach.logGroupArn, `${reach.logGroupArn}:*`],
      },
      {
        Effect: "Allow",
        Action: [
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeDhcpOptions",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSecurityGroups",
          "ec2:DescribeSubnets",
          "ec2:DescribeVpcs",
        ],
        Resource: "*",
      },
      {
        Effect: "Allow",
        Action: ["ec2:CreateNetworkInterfacePermission"],
        Resource: reach.interfaceArns,
        Condition: {
          StringEquals: { "ec2:AuthorizedService": "codebuild.amazonaws.com" },
          ArnEquals: { "ec2:Subnet": [...reach.subnetArns] },
        },
      },
      {
        Effect: "Allow",
        Action: connectionActions(reach.connectionArn, ["GetConnection", "GetConnectionToken"]),
        Resource: reach.connectionArn,
      },
      { Effect: "Allow", Action: sessionActions, Resource: "*" },
    ],
  };
}

/**
 * The services that may get their service-linked role: EKS, load balancers, and Spot instances, which Auto Mode asks for
 * (AmazonEKSComputePolicy). NAT gateways need one only if AWS chooses their place, and the program chooses it here.
 */
const linkedServices = [
  "eks.amazonaws.com",
  "elasticloadbalancing.amazonaws.com",
  "spot.amazonaws.com",
];

/** The IAM rights that the program needs: for the platform's roles only, and only with the boundary on them. */
function roleManagement({ boundaryArn, roleArns, runner }: IamScope) {
  const services = runner === undefined ? passedTo : ["codebuild.amazonaws.com", ...passedTo];
  return [
    { Effect: "Allow" as const, Action: ["iam:Get*", "iam:List*"], Resource: "*" },
    {
      Effect: "Allow" as const,
      Action: [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        // The provider changes a description by this one.
        "iam:UpdateRoleDescription",
      ],
      Resource: roleArns,
      Condition: { StringEquals: { "iam:PermissionsBoundary": boundaryArn } },
    },
    // IAM does not tell these two whether the role has the boundary.
    { Effect: "Allow" as const, Action: ["iam:TagRole", "iam:UntagRole"], Resource: roleArns },
    // Auto Mode leaves an instance profile that holds the node role (aws/containers-roadmap#2531): without this the role
    // cannot be deleted.
    { Effect: "Allow" as const, Action: ["iam:RemoveRoleFromInstanceProfile"], Resource: "*" },
    {
      Effect: "Allow" as const,
      Action: ["iam:PassRole"],
      Resource: roleArns,
      Condition: { StringEquals: { "iam:PassedToService": services } },
    },
    {
      Effect: "Allow" as const,
      Action: ["iam:CreateServiceLinkedRole"],
      Resource: "*",
      Condition: { StringEquals: { "iam:AWSServiceName": linkedServices } },
    },
  ];
}

/** Returns the rights to make, change and delete what the program makes, except the boundary (see docs/operations.md). */
export function provisionAccess(scope: IamScope): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Action: [...provisionedServices, "sts:GetCallerIdentity"],
        Resource: "*",
      },
      ...roleManagement(scope),
      ...stateManagement(scope),
      ...runnerManagement(scope),
    ],
  };
}

/**
 * What Auto Mode's load balancer controller needs as well: certificates, a web firewall, Shield, sign-in with Cognito
 * (AmazonEKSLoadBalancingPolicy v10).
 */
const loadBalancerExtras = [
  "acm:DescribeCertificate",
  "acm:ListCertificates",
  "cognito-idp:DescribeUserPoolClient",
  "shield:CreateProtection",
  "shield:DeleteProtection",
  "shield:TagResource",
  "wafv2:AssociateWebACL",
  "wafv2:DisassociateWebACL",
  "wafv2:GetWebACL",
  "wafv2:GetWebACLForResource",
  "wafv2:ListWebACLs",
];

/**
 * Returns the boundary: the most that any role of the platform can do, whatever its own policies say. It allows what the
 * program needs and what EKS does for the account. The provision role may change its own policies; therefore everything
 * that leads out of the platform is missing here, too: users, access keys, the boundary itself, and assuming any other
 * role. Services and GitHub's jobs are let in by a role's trust policy, which the boundary does not limit.
 */
export function boundary(scope: IamScope): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Action: [
          ...provisionedServices,
          "autoscaling:*",
          // The node role's only permission; without it no Pod gets its identity.
          "eks-auth:AssumeRoleForPodIdentity",
          "elasticloadbalancing:*",
          "iam:CreateInstanceProfile",
          "iam:DeleteInstanceProfile",
          "iam:AddRoleToInstanceProfile",
          "iam:TagInstanceProfile",
          ...loadBalancerExtras,
          "sts:GetCallerIdentity",
        ],
        Resource: "*",
      },
      ...roleManagement(scope),
      ...stateManagement(scope),
      ...runnerManagement(scope),
      ...(scope.runner === undefined
        ? []
        : [{ Effect: "Allow" as const, Action: sessionActions, Resource: "*" }]),
    ],
  };
}
