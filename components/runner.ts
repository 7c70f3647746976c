import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { runnerAccess, serviceTrust } from "./iam-documents.ts";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link Runner}. */
export interface RunnerArgs {
  /**
   * Name of the CodeBuild project. It must differ between the stacks: each account hears of every job of the repository,
   * and takes those whose label has its project's name.
   */
  readonly projectName: string;
  readonly accountId: string;
  readonly region: string;
  /** `<owner>/<repository>` whose jobs it runs; it must be private. */
  readonly repository: string;
  /** The CodeConnections connection to GitHub, which a person has accepted. */
  readonly connectionArn: string;
  readonly vpcId: pulumi.Input<string>;
  /** Its containers have an address in these, and go out by the NAT gateways. */
  readonly privateSubnetIds: pulumi.Input<string[]>;
  /** The cluster's security group, which lets the runner in at port 443. */
  readonly clusterSecurityGroupId: pulumi.Input<string>;
  /** Days to keep what the jobs print. */
  readonly logRetentionDays: number;
}

/** Longest life of a container, in minutes: more than any job of the workflows that use it. */
const buildTimeout = 120;

/**
 * A GitHub Actions runner in the VPC, for the jobs that need the cluster's private endpoint. CodeBuild starts a new
 * container for each job and deletes it afterwards (CodeBuild user guide, "Self-hosted GitHub Actions runners"). A job
 * names it by the label `codebuild-<project>-<run>-<attempt>`.
 *
 * The container's role reaches no resource of the account: a job takes its role by OIDC, as on GitHub's own runners.
 *
 * ### Cost
 * $0.01 a minute while a job runs (us-west-2, November 2026), nothing otherwise.
 */
export class Runner extends pulumi.ComponentResource {
  /** What the variable `IDP_RUNNER_<STACK>` of GitHub is set to: the label, with places for the run and its attempt. */
  readonly label: string;

  constructor(name: string, args: RunnerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { vpcId, privateSubnetIds, clusterSecurityGroupId, ...inputs } = args;
    super(TypeToken.Runner, name, inputs, opts);
    this.label = `codebuild-${args.projectName}-{0}-{1}`;
    const parent = { parent: this };

    const securityGroup = new aws.ec2.SecurityGroup(
      name,
      { vpcId, description: "Jobs of GitHub Actions: out by HTTPS, in by nothing" },
      parent,
    );
    new aws.vpc.SecurityGroupEgressRule(
      name,
      {
        securityGroupId: securityGroup.id,
        description: "GitHub, AWS, the registries of packages, and the cluster",
        cidrIpv4: "0.0.0.0/0",
        ...https,
      },
      parent,
    );
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-cluster`,
      {
        securityGroupId: clusterSecurityGroupId,
        description: "The API, from the runner",
        referencedSecurityGroupId: securityGroup.id,
        ...https,
      },
      parent,
    );

    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      { retentionInDays: args.logRetentionDays },
      parent,
    );
    const role = new aws.iam.Role(
      name,
      { assumeRolePolicy: serviceTrust("codebuild.amazonaws.com", args.accountId) },
      parent,
    );
    const { partition } = aws.getPartitionOutput({}, parent);
    const access = pulumi
      .all([partition, logGroup.arn, privateSubnetIds])
      .apply(([text, logGroupArn, subnets]) => {
        const ec2 = `arn:${text}:ec2:${args.region}:${args.accountId}`;
        return runnerAccess({
          logGroupArn,
          subnetArns: subnets.map((id) => `${ec2}:subnet/${id}`),
          interfaceArns: `${ec2}:network-interface/*`,
          connectionArn: args.connectionArn,
        });
      });
    const policy = new aws.iam.RolePolicy(
      name,
      { role: role.name, policy: pulumi.jsonStringify(access) },
      parent,
    );
    const project = new aws.codebuild.Project(
      name,
      {
        name: args.projectName,
        description: `Jobs of ${args.repository} that need the VPC`,
        serviceRole: role.arn,
        source: {
          type: "GITHUB",
          location: `https://github.com/${args.repository}.git`,
          auth: { type: "CODECONNECTIONS", resource: args.connectionArn },
        },
        artifacts: { type: "NO_ARTIFACTS" },
        environment: {
          type: "LINUX_CONTAINER",
          // 4 vCPU and 8 GiB: the program, the policy pack and two providers run at once.
          computeType: "BUILD_GENERAL1_MEDIUM",
          // With git, make, jq, aws, kubectl, and the agent for sessions.
          image: "aws/codebuild/standard:7.0",
        },
        vpcConfig: { vpcId, subnets: privateSubnetIds, securityGroupIds: [securityGroup.id] },
        logsConfig: { cloudwatchLogs: { groupName: logGroup.name } },
        buildTimeout,
      },
      // CodeBuild tries the role's rights in the VPC when the project is made.
      { ...parent, dependsOn: [policy] },
    );
    new aws.codebuild.Webhook(
      name,
      {
        projectName: project.name,
        buildType: "BUILD",
        filterGroups: [{ filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] }],
      },
      parent,
    );
    this.registerOutputs({ label: this.label });
  }
}

const https = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };
