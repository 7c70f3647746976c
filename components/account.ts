import * as aws from "@pulumi/aws";
import type { Environment } from "../config/environments.ts";
import type { Settings } from "../config/schema.ts";

/**
 * Returns the AWS provider of an environment, limited to its account: with credentials of another account it refuses to
 * do anything. Everything it makes is tagged with the environment and the repository it comes from.
 */
export function accountProvider(
  environment: Environment,
  { aws: { accountId, region, profile }, repository }: Pick<Settings, "aws" | "repository">,
): aws.Provider {
  return new aws.Provider("account", {
    region,
    profile,
    allowedAccountIds: [accountId],
    defaultTags: { tags: { "idp:environment": environment, "idp:repository": repository.url } },
  });
}
