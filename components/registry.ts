import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link Registry}. */
export interface RegistryArgs {
  /** Names of the repositories, such as `idp/localtime`; one for each image of the catalog. */
  readonly repositories: readonly string[];
  /** Deletes a repository together with its images. If false, AWS refuses to delete one that has images. */
  readonly forceDelete: boolean;
}

/**
 * `sha-*` images kept. ECR cannot tell whether an image runs or is held, so the number is one that no running build gets
 * to: at ten builds a day it is seven weeks. Of a release there is a second tag, which keeps the image.
 */
const buildsKept = 500;

/** The highest count that ECR accepts; there will never be as many. */
const allReleases = 2_147_483_647;

/**
 * What ECR cleans up: old builds, and nothing else. Releases stay for ever, because prod may go back to any of them. Once
 * an image matches a rule, no later rule applies to it: the first rule, which never expires anything, protects releases
 * from the second.
 *
 * There is no rule for untagged images. Tags never move here, so what has no tag is a signature or a part of an image;
 * ECR deletes signatures with their image, and a release is refused without one.
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
 * The account's image repositories. A tag never moves once pushed, each image is scanned when it is pushed, and all are
 * encrypted with the account's own key.
 *
 * ### Cost
 * $0.10 per GB and month, $1 a month for the key. 500 builds that share their base image are a few GB.
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
