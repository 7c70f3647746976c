import { execa } from "execa";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { identityCenterPath, permissionSetOf } from "../config/identity-center.ts";
import type { RepositoryFacts } from "../config/repository-facts.ts";
import { undecidedAccount } from "../config/schema.ts";

/** Returns the ARNs of the roles that IAM Identity Center made in the account of a profile. */
type ListRoles = (profile: string) => Promise<readonly string[]>;

const Answer = z.object({ Roles: z.array(z.object({ Arn: z.string() })) });

/** Asks the AWS CLI, which reads all pages by itself. */
const identityCenterRoles: ListRoles = async (profile) => {
  const query = ["iam", "list-roles", "--path-prefix", identityCenterPath];
  const how = ["--profile", profile, "--output", "json", "--no-cli-pager"];
  const { stdout } = await execa("aws", [...query, ...how], { stdin: "ignore" });
  return Answer.parse(JSON.parse(stdout)).Roles.map(({ Arn }) => Arn);
};

/**
 * Returns the roles, path included, that IAM Identity Center made for permission sets in each account that has a profile.
 * Their names end in a suffix of each account's own, so they cannot be written down once for all.
 *
 * @throws Error when no profile is given, a profile is of another account, or a set is not assigned there
 */
export async function rolesOfPermissionSets(
  sets: readonly string[],
  profiles: Readonly<Partial<Record<Environment, string>>>,
  accounts: RepositoryFacts["accounts"],
  list: ListRoles = identityCenterRoles,
): Promise<Partial<Record<Environment, readonly string[]>>> {
  if (sets.length === 0) return {};
  const asked = environments.filter(
    (environment) =>
      profiles[environment] !== undefined && accounts[environment].accountId !== undecidedAccount,
  );
  if (asked.length === 0) {
    throw new Error(
      "idp init: --admin-permission-set is looked up in each account, and no decided account has a profile. " +
        "Fix: add --profile dev=<profile of the AWS CLI>",
    );
  }
  const found = await Promise.all(
    asked.map(async (environment) => {
      const profile = profiles[environment] ?? "";
      const arns = await list(profile);
      const where = { profile, accountId: accounts[environment].accountId, environment };
      return [environment, sets.map((set) => roleIn(arns, set, where))] as const;
    }),
  );
  return Object.fromEntries(found);
}

function roleIn(
  arns: readonly string[],
  set: string,
  at: { readonly profile: string; readonly accountId: string; readonly environment: Environment },
): string {
  const roles = arns.map((arn) => {
    const [, accountId = "", role = ""] = /:iam::(\d{12}):role\/(.+)$/.exec(arn) ?? [];
    return { accountId, role };
  });
  const other = roles.find(({ accountId }) => accountId !== at.accountId);
  if (other) {
    throw new Error(
      `idp init: profile ${at.profile} is of account ${other.accountId}, ${at.environment} is ${at.accountId}. ` +
        `Fix: --profile ${at.environment}=<profile of ${at.accountId}>`,
    );
  }
  const role = roles.find((one) => permissionSetOf(one.role) === set)?.role;
  if (role !== undefined) return role;
  const there = roles.flatMap((one) => permissionSetOf(one.role) ?? []).sort();
  throw new Error(
    `idp init: ${at.environment}'s account ${at.accountId} has no role of permission set ${JSON.stringify(set)}; ` +
      `there are: ${there.join(", ") || "none"}. Fix: assign the set to the account in IAM Identity Center`,
  );
}
