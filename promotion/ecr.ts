import {
  ECRClient,
  GetAuthorizationTokenCommand,
  paginateDescribeImages,
} from "@aws-sdk/client-ecr";
import { messageOf } from "../lib/message-of.ts";
import type { Registry } from "./registry.ts";

/**
 * Returns an account's ECR as a registry, with a token that lasts 12 hours.
 *
 * @param host such as `935743309409.dkr.ecr.us-west-2.amazonaws.com`
 * @param profile profile of the AWS CLI; without it, the default chain of credentials
 * @throws Error when the credentials are missing, expired, or may not ask for a token
 */
export async function ecrRegistry(
  name: string,
  host: string,
  profile: string | undefined,
): Promise<Registry> {
  const region = /\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/.exec(host)?.[1];
  if (region === undefined) throw new Error(`${host} is not the address of an ECR registry.`);
  const client = new ECRClient({ region, ...(profile !== undefined && { profile }) });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const token = authorizationData?.[0]?.authorizationToken;
    if (token === undefined) throw new Error("ECR gave no token");
    return {
      name,
      url: `https://${host}`,
      authorization: `Basic ${token}`,
      pushTimes: (repository) => pushTimes(client, repository),
    };
  } catch (error) {
    client.destroy();
    throw new Error(
      `No access to ${name}'s registry ${host}: ${messageOf(error)}\nNothing was changed. Fix: log in (aws sso login), and name the profile of this account: --profile ${name}=<profile>`,
      { cause: error },
    );
  }
}

async function pushTimes(client: ECRClient, repository: string): Promise<Map<string, Date>> {
  const times = new Map<string, Date>();
  const query = { repositoryName: repository, filter: { tagStatus: "TAGGED" } } as const;
  for await (const { imageDetails } of paginateDescribeImages({ client, pageSize: 1000 }, query)) {
    for (const { imageTags, imagePushedAt } of imageDetails ?? []) {
      if (imagePushedAt !== undefined)
        for (const tag of imageTags ?? []) times.set(tag, imagePushedAt);
    }
  }
  return times;
}
