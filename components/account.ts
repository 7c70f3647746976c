import * as aws from "@pulumi/aws";
import type { Environment } from "../config/environments.ts";
import type { Settings } from "../config/schema.ts";

/** Tags of everything that a stack makes: the environment, and the repository that it comes from. */
export function stackTags(
  environment: Environment,
  { repository }: Pick<Settings, "repository">,
): Record<string, string> {
  return { "idp:environment": environment, "idp:repository": repository.url };
}

/**
 * Returns the AWS provider of an environment, limited to its account: with credentials of another account it refuses to
 * do anything. Everything it makes has the {@link stackTags}.
 */
export function accountProvider(
  environment: Environment,
  settings: Pick<Settings, "aws" | "repository">,
): aws.Provider {
  const { accountId, region, profile } = settings.aws;
  return new aws.Provider("account", {
    region,
    profile,
    allowedAccountIds: [accountId],
    defaultTags: { tags: stackTags(environment, settings) },
  });
}
