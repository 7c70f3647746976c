import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link Registry}. */
export interface RegistryArgs {
  /** Names of the repositories, such as `idp/localtime`; one for each image of the catalog. */
  readonly repositories: readonly string[];
  /** Deletes a repository with the images in it; otherwise AWS refuses to while there are any. */
  readonly forceDelete: boolean;
}

/** `sha-*` images kept; older ones are no longer what anyone would go back to. */
const buildsKept = 50;
const untaggedDaysKept = 7;

/** More than there will ever be, and what ECR takes at most for a count. */
const allReleases = 2_147_483_647;

/**
 * What ECR cleans up. Releases stay for ever, since prod may go back to any of them: an image that matches a rule is
 * out of reach of every later one, so the first rule, which never expires anything, shields them from the rest.
 */
export const lifecyclePolicy = {
  rules: [
    {
      rulePriority: 1,
      description: "Keep every release",
      selection: {
        tagStatus: "tagged",
        tagPatternList: ["v*"],
        countType: "imageCountMoreThan",
        countNumber: allReleases,
      },
      action: { type: "expire" },
    },
    {
      rulePriority: 2,
      description: "Drop what lost its tag",
      selection: {
        tagStatus: "untagged",
        countType: "sinceImagePushed",
        countUnit: "days",
        countNumber: untaggedDaysKept,
      },
      action: { type: "expire" },
    },
    {
      rulePriority: 3,
      description: "Keep the newest builds",
      selection: {
        tagStatus: "tagged",
        tagPatternList: ["sha-*"],
        countType: "imageCountMoreThan",
        countNumber: buildsKept,
      },
      action: { type: "expire" },
    },
  ],
};

/**
 * The account's image repositories. A tag never moves once pushed, each image is scanned at the push, and all are
 * encrypted with a key of the account's own.
 *
 * ### Cost
 * $0.10 a GB and month, $1 a month for the key.
 */
export class Registry extends pulumi.ComponentResource {
  /** ARN of each repository, by its name. */
  readonly repositoryArns: ReadonlyMap<string, pulumi.Output<string>>;

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.Registry, name, args, opts);

    const key = new aws.kms.Key(
      `${name}-images`,
      {
        description: "Container images",
        enableKeyRotation: true,
        deletionWindowInDays: 30,
      },
      { parent: this },
    );
    this.repositoryArns = new Map(
      args.repositories.map((repository) => [
        repository,
        this.repository(repository, key.arn, args.forceDelete),
      ]),
    );
    this.registerOutputs();
  }

  private repository(
    repositoryName: string,
    kmsKey: pulumi.Input<string>,
    forceDelete: boolean,
  ): pulumi.Output<string> {
    const repository = new aws.ecr.Repository(
      repositoryName,
      {
        name: repositoryName,
        forceDelete,
        imageTagMutability: "IMMUTABLE",
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey }],
      },
      { parent: this },
    );
    new aws.ecr.LifecyclePolicy(
      repositoryName,
      { repository: repository.name, policy: JSON.stringify(lifecyclePolicy) },
      { parent: this },
    );
    return repository.arn;
  }
}
