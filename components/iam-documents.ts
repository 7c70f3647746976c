import type * as aws from "@pulumi/aws";

/** The IAM policy documents of the platform, as data. Nothing here allows every action on every resource. */

const version = "2012-10-17";

/** Name of the policy that bounds every role of the platform; fixed, since policies refer to it. */
export const boundaryName = "idp-boundary";

/** Issuer of the tokens that GitHub Actions jobs carry. */
export const githubIssuer = "token.actions.githubusercontent.com";

/** Lets an AWS service take the role. */
export function serviceTrust(
  service: string,
  actions: readonly string[] = ["sts:AssumeRole"],
): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: [...actions] }],
  };
}

/** Lets EKS Pod Identity hand the role to Pods (it tags the session with cluster, namespace and service account). */
export const podIdentityTrust = serviceTrust("pods.eks.amazonaws.com", [
  "sts:AssumeRole",
  "sts:TagSession",
]);

/**
 * Lets the jobs of one GitHub repository take the role, and of those only the ones whose token has exactly this
 * subject: `pull_request`, or `environment:<name>` for jobs that GitHub's environment rules have let through.
 */
export function githubTrust(
  providerArn: string,
  repository: string,
  subject: "pull_request" | `environment:${string}`,
): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${githubIssuer}:aud`]: "sts.amazonaws.com",
            [`${githubIssuer}:sub`]: `repo:${repository}:${subject}`,
          },
        },
      },
    ],
  };
}

/** Writes flow logs into one log group. */
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

/** A token for the registry; ECR cannot narrow it to a repository. */
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

/** Reads tags and manifests of these repositories. */
export function ecrRead(repositoryArns: readonly string[]): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      ecrLogin,
      { Effect: "Allow", Action: ecrReadActions, Resource: [...repositoryArns] },
    ],
  };
}

/** Pushes to one repository; reads from it too, to find out what is there already. */
export function ecrPublish(repositoryArn: string): aws.iam.PolicyDocument {
  return {
    Version: version,
    Statement: [
      ecrLogin,
      { Effect: "Allow", Action: [...ecrReadActions, ...ecrPushActions], Resource: repositoryArn },
    ],
  };
}

/** Sees what a preview compares with, no data: no objects, no images, no log lines, no secrets. */
export const previewAccess: aws.iam.PolicyDocument = {
  Version: version,
  Statement: [
    {
      Effect: "Allow",
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
    },
  ],
};

/** The services the program makes resources of. */
const provisionedServices = ["ec2:*", "ecr:*", "eks:*", "kms:*", "logs:*"];

/** The services that may take a role from the platform; none of them runs code of the caller's with it unseen. */
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
}

/** The scope of an account. */
export function iamScope(partition: string, accountId: string): IamScope {
  const account = `arn:${partition}:iam::${accountId}`;
  return { boundaryArn: `${account}:policy/${boundaryName}`, roleArns: `${account}:role/idp-*` };
}

/** IAM as far as the program needs it: roles of the platform only, and only with the boundary on them. */
function roleManagement({ boundaryArn, roleArns }: IamScope) {
  return [
    { Effect: "Allow" as const, Action: ["iam:Get*", "iam:List*"], Resource: "*" },
    {
      Effect: "Allow" as const,
      Action: [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
      ],
      Resource: roleArns,
      Condition: { StringEquals: { "iam:PermissionsBoundary": boundaryArn } },
    },
    {
      Effect: "Allow" as const,
      Action: [
        "iam:DeleteRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
      ],
      Resource: roleArns,
    },
    {
      Effect: "Allow" as const,
      Action: ["iam:PassRole"],
      Resource: roleArns,
      Condition: { StringEquals: { "iam:PassedToService": passedTo } },
    },
    { Effect: "Allow" as const, Action: ["iam:CreateServiceLinkedRole"], Resource: "*" },
  ];
}

/** Makes, changes and removes what the program makes, but not the boundary: that is an administrator's. */
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
    ],
  };
}

/**
 * The most that any role of the platform can do, whatever its own policies say: what the program needs and what EKS
 * does in the account's name. The role that provisions may change its own policies, so whatever would lead out of the
 * platform is missing here as well: users and access keys, other roles, the boundary itself.
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
          // The node role's one permission: without it no Pod gets its identity.
          "eks-auth:AssumeRoleForPodIdentity",
          "elasticloadbalancing:*",
          "iam:CreateInstanceProfile",
          "iam:DeleteInstanceProfile",
          "iam:AddRoleToInstanceProfile",
          "iam:RemoveRoleFromInstanceProfile",
          "iam:TagInstanceProfile",
          "sts:AssumeRole",
          "sts:GetCallerIdentity",
          "sts:TagSession",
        ],
        Resource: "*",
      },
      ...roleManagement(scope),
    ],
  };
}
