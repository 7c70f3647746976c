import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const Golden = z.array(z.object({ resource: z.string(), inputs: z.unknown() }));
const Role = z.object({ assumeRolePolicy: z.string() });

/** Returns the trust policies of GithubAccess's roles in a golden stack, by the role's name without its prefix. */
export function githubRoles(environment: Environment): Map<string, string> {
  const file = join(repositoryRoot, `test/golden/${environment}.json`);
  const prefix = "aws:iam/role:Role idp-github-";
  return new Map(
    Golden.parse(JSON.parse(readFileSync(file, "utf8")))
      .filter(({ resource }) => resource.startsWith(prefix))
      .map(({ resource, inputs }) => [
        resource.slice(prefix.length),
        Role.parse(inputs).assumeRolePolicy,
      ]),
  );
}
