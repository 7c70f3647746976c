import { AwsError } from "../errors.ts";
import { arnOf, between, matching, oneOf } from "../rules.ts";
import { arn, textOf, type TypeTable } from "../spec.ts";
import { checkTrust } from "./role-trust.ts";

const project = "aws:codebuild/project:Project";

/** Build projects, as far as a runner of GitHub Actions needs them. No build ever starts. */
export const codebuild: TypeTable = {
  [project]: {
    required: ["artifacts", "environment", "serviceRole", "source"],
    naming: {
      property: "name",
      max: 150,
      pattern: /^[A-Za-z0-9][A-Za-z0-9\-_]{1,149}$/,
      auto: true,
    },
    rules: {
      serviceRole: arnOf("iam"),
      // CreateProject, timeoutInMinutes: 5 to 2160.
      buildTimeout: between(5, 2160),
      "source.type": oneOf("GITHUB", "NO_SOURCE"),
      "source.location": matching(/^https:\/\/github\.com\/[\w.-]+\/[\w.-]+\.git$/, "a repository"),
      "source.auth.type": oneOf("CODECONNECTIONS", "SECRETS_MANAGER"),
      "source.auth.resource": arnOf("(codeconnections|codestar-connections)"),
      "artifacts.type": oneOf("NO_ARTIFACTS"),
      "environment.type": oneOf("LINUX_CONTAINER", "ARM_CONTAINER"),
      "environment.computeType": oneOf(
        "BUILD_GENERAL1_SMALL",
        "BUILD_GENERAL1_MEDIUM",
        "BUILD_GENERAL1_LARGE",
      ),
    },
    references: [
      { path: "serviceRole", to: "aws:iam/role:Role" },
      { path: "vpcConfig.vpcId", to: "aws:ec2/vpc:Vpc" },
      { path: "vpcConfig.subnets", to: "aws:ec2/subnet:Subnet", holds: true },
      {
        path: "vpcConfig.securityGroupIds",
        to: "aws:ec2/securityGroup:SecurityGroup",
        holds: true,
      },
    ],
    checks: (draft) => {
      checkTrust(draft, "serviceRole", "codebuild.amazonaws.com", "InvalidInputException");
    },
    taken: "ResourceAlreadyExistsException",
    notFound: "ResourceNotFoundException",
    replaceOn: ["name"],
    tags: true,
    idOf: (value) => value.replace(/^.*:project\//, ""),
    defaults: { queuedTimeout: 480, badgeEnabled: false, projectVisibility: "PRIVATE" },
    computed: (created) => ({ arn: arn(created, "codebuild", `project/${created.id}`) }),
  },

  "aws:codebuild/webhook:Webhook": {
    required: ["projectName"],
    rules: { buildType: oneOf("BUILD", "BUILD_BATCH", "RUNNER_BUILDKITE_BUILD") },
    references: [{ path: "projectName", to: project }],
    checks: ({ inputs, store }) => {
      const name = textOf(inputs, "projectName");
      const source = store.read(project, name)?.inputs["source"];
      if (!JSON.stringify(source ?? {}).includes('"GITHUB"')) {
        throw new AwsError("InvalidInputException", `The project ${name} has no source on GitHub`);
      }
    },
    taken: "ResourceAlreadyExistsException",
    replaceOn: ["projectName"],
    id: ({ inputs }) => textOf(inputs, "projectName"),
    computed: (created) => ({
      payloadUrl: `https://codebuild.${created.account.region}.amazonaws.com/webhooks`,
      url: "https://api.github.com/hooks",
      secret: "",
    }),
  },
};
