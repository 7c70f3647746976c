import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  clusterSignIn,
  ecrPublish,
  ecrRead,
  githubIssuer,
  githubTrust,
  previewAccess,
  provisionAccess,
  workflowsAt,
  type GithubJobs,
  type GithubRepository,
  type IamScope,
} from "./iam-documents.ts";
import { TypeToken } from "./type-token.ts";

/** A service repository that may push one image. */
interface Publisher extends GithubRepository {
  /** The branch whose commits are built. @default main */
  readonly branch?: string | undefined;
  /** Name of the ECR repository. */
  readonly image: string;
}

/** A cluster by what its ARN is made of: the roles are there before it. */
interface SyncedCluster {
  readonly accountId: string;
  readonly region: string;
  readonly clusterName: string;
}

/** Arguments of {@link GithubAccess}; the repository is the platform's. */
export interface GithubAccessArgs extends GithubRepository {
  /** The branch that is deployed: only from there do workflows change the account. */
  readonly branch: string;
  /** The GitHub environment of this account; its protection rules decide which jobs may provision. */
  readonly environment: string;
  readonly publishers: readonly Publisher[];
  /** Whether images are built into this account; if not, they come as releases of those built elsewhere. */
  readonly builds: boolean;
  /** Where the platform's workflows may push images from: `refs/heads/...`, `refs/tags/...` or commits. */
  readonly workflowRefs: readonly string[];
  /** ARN of each ECR repository, by its name. */
  readonly repositoryArns: ReadonlyMap<string, pulumi.Input<string>>;
  /** The cluster in which people sync the services; undefined where Argo CD syncs by itself. */
  readonly syncedByPeople?: SyncedCluster | undefined;
  /** Boundary and reach of the roles. */
  readonly scope: pulumi.Input<IamScope>;
}

/**
 * Lets GitHub Actions into the account without keys: an OIDC provider and a role for each task, each trusting exactly
 * one repository and the jobs named in docs/workflows.md. Costs nothing.
 */
export class GithubAccess extends pulumi.ComponentResource {
  /** Read-only, for the deployed branch's jobs without an environment. */
  readonly auditRoleArn: pulumi.Output<string>;
  /** Read-only, for pull requests. */
  readonly previewRoleArn: pulumi.Output<string>;
  /** Reads images, for the deployed branch's jobs without an environment; undefined if there is no image repository. */
  readonly promoteRoleArn: pulumi.Output<string> | undefined;
  /** For `pulumi up` from the account's GitHub environment. */
  readonly provisionRoleArn: pulumi.Output<string>;
  /** Finds the cluster, for the workflow that syncs; undefined where Argo CD syncs by itself. */
  readonly syncRoleArn: pulumi.Output<string> | undefined;
  /** ARN of each publisher's role, by its image. */
  readonly publishRoleArns: pulumi.Output<Record<string, string>>;

  private readonly providerArn: pulumi.Output<string>;

  constructor(name: string, args: GithubAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    const { repositoryArns, ...inputs } = args;
    super(TypeToken.GithubAccess, name, inputs, opts);

    const provider = new aws.iam.OpenIdConnectProvider(
      name,
      { url: `https://${githubIssuer}`, clientIdLists: ["sts.amazonaws.com"] },
      { parent: this },
    );
    this.providerArn = provider.arn;

    const { repository, formerly, branch } = args;
    const platform = { repository, formerly };
    const environment = `environment:${args.environment}` as const;
    const reads = pulumi.output(args.scope).apply(previewAccess);
    // Both roles read the same from AWS. Reviewed code may see more of the cluster than proposed code, hence two.
    this.auditRoleArn = this.role(
      `${name}-audit`,
      { ...platform, subjects: [`ref:refs/heads/${branch}`] },
      reads,
    );
    this.previewRoleArn = this.role(
      `${name}-preview`,
      { ...platform, subjects: ["pull_request"] },
      reads,
    );
    const arns = [...repositoryArns.values()];
    this.promoteRoleArn =
      arns.length === 0
        ? undefined
        : this.role(
            `${name}-promote`,
            { ...platform, subjects: [`ref:refs/heads/${branch}`] },
            pulumi.all(arns).apply(ecrRead),
          );
    this.provisionRoleArn = this.role(
      `${name}-provision`,
      { ...platform, subjects: [environment], branch },
      pulumi.output(args.scope).apply(provisionAccess),
      // `pulumi up` of an empty account takes longer than AWS's default of an hour.
      7200,
    );
    const synced = args.syncedByPeople;
    this.syncRoleArn =
      synced &&
      this.role(
        `${name}-sync`,
        {
          ...platform,
          subjects: [environment],
          branch,
          workflows: workflowsAt(platform, "prod-sync.yml", [`refs/heads/${branch}`]),
        },
        aws
          .getPartitionOutput({}, { parent: this })
          .partition.apply((partition) =>
            clusterSignIn(
              `arn:${partition}:eks:${synced.region}:${synced.accountId}:cluster/${synced.clusterName}`,
            ),
          ),
      );
    this.publishRoleArns = pulumi.output(
      Object.fromEntries(
        args.publishers.map(({ image, branch: built = "main", ...service }) => {
          const repositoryArn = repositoryArns.get(image);
          if (repositoryArn === undefined) {
            throw new pulumi.RunError(
              `idp:github.publishers: ${service.repository} publishes ${image}, which no service of this environment runs; ` +
                `allowed: ${[...repositoryArns.keys()].join(", ")}. Fix: add a service with that image, or remove the publisher.`,
            );
          }
          const policy = pulumi.output(repositoryArn).apply(ecrPublish);
          const roleName = `${name}-publish-${image.replaceAll("/", "-")}`;
          const jobs = { ...service, subjects: [environment] } as const;
          const called = (file: string) => workflowsAt(platform, file, args.workflowRefs);
          // A release reads from where the build is, on a tag.
          const releases = { ...jobs, workflows: called("service-release.yml") };
          const builds = { ...jobs, branch: built, workflows: called("service-build.yml") };
          return [
            image,
            this.role(roleName, args.builds ? [builds, releases] : [releases], policy),
          ];
        }),
      ),
    );

    this.registerOutputs({
      auditRoleArn: this.auditRoleArn,
      previewRoleArn: this.previewRoleArn,
      promoteRoleArn: this.promoteRoleArn,
      provisionRoleArn: this.provisionRoleArn,
      syncRoleArn: this.syncRoleArn,
      publishRoleArns: this.publishRoleArns,
    });
  }

  private role(
    name: string,
    jobs: GithubJobs | readonly GithubJobs[],
    policy: pulumi.Output<aws.iam.PolicyDocument>,
    sessionSeconds = 3600,
  ): pulumi.Output<string> {
    const role = new aws.iam.Role(
      name,
      {
        assumeRolePolicy: pulumi.jsonStringify(
          this.providerArn.apply((arn) => githubTrust(arn, [jobs].flat())),
        ),
        maxSessionDuration: sessionSeconds,
      },
      { parent: this },
    );
    new aws.iam.RolePolicy(
      name,
      { role: role.name, policy: pulumi.jsonStringify(policy) },
      { parent: this },
    );
    return role.arn;
  }
}
