import { z } from "zod";
import { withoutIds } from "../lib/github-address.ts";
import { addItems, removeItems, setKey, setScalars } from "../lib/yaml-edit.ts";
import { committed, type Committed } from "./committed.ts";
import type { Environment } from "./environments.ts";
import { permissionSetOf } from "./identity-center.ts";
import { domainOf, movedName, type RepositoryFacts } from "./repository-facts.ts";
import type { Settings } from "./schema.ts";
import { parseStackFile, settingKey, settingPath } from "./stack-files.ts";

/** Returns the text of a stack file with a repository's facts put in; comments, order and line breaks stay. */
export function initialiseStack(text: string, stack: Environment, facts: RepositoryFacts): string {
  const { accountId, region } = facts.accounts[stack];
  const old = settingsOf(stack, text);
  const moved = setScalars(text, [
    [settingPath("aws", "accountId"), accountId],
    [settingPath("aws", "region"), region],
    [settingPath("repository", "url"), facts.url],
    [settingPath("repository", "branch"), facts.branch],
    ...movedRepositories(old, facts),
    ...movedPrincipals(old, accountId),
  ]);
  const { domain } = facts;
  const admins = [...(facts.admins ?? []), ...(facts.adminsOf?.[stack] ?? [])];
  const named =
    domain === undefined
      ? moved
      : setKey(
          moved,
          ["config"],
          settingKey("domain"),
          domainOf(domain, stack),
          settingKey("repository"),
        );
  const known = settingsOf(stack, named)?.cluster.access ?? [];
  const wanted = admins
    .map((role): NewAccess => ({
      name: entryName(role),
      principalArn: `arn:${partitionOf(region)}:iam::${accountId}:role/${role}`,
      level: "cluster-admin",
    }))
    .filter(
      ({ name, principalArn }) =>
        !known.some((entry) => entry.name === name || entry.principalArn === principalArn),
    );
  const access = settingPath("cluster", "access");
  const added = addItems(named, access, wanted);
  return admins.length > 0 && !admins.includes(firstAdmin)
    ? removeItems(added, access, (entry) => FirstEntry.safeParse(entry).success)
    : added;
}

/** The administrators' role of the committed settings, which AWS Organizations makes in each account that it makes. */
const firstAdmin = "OrganizationAccountAccessRole";

/** The entry for {@link firstAdmin} in the committed settings: it goes when `idp init` names administrators. */
const FirstEntry = z.object({
  name: z.literal("administrators"),
  principalArn: z.string().endsWith(`:role/${firstAdmin}`),
});

type NewAccess = Pick<Settings["cluster"]["access"][number], "name" | "principalArn" | "level">;

type Edit = readonly [path: readonly (string | number)[], value: string];

function movedRepositories(old: Committed | undefined, facts: RepositoryFacts): Edit[] {
  const { github: next, tokenNames } = facts;
  const { repository: before, publishers = [] } = old?.github ?? {};
  if (next === undefined || before === undefined) return [];
  return [
    [settingPath("github", "repository"), next],
    ...publishers.map(({ repository }, index): Edit => [
      settingPath("github", "publishers", index, "repository"),
      movedPublisher(repository, before, next, tokenNames),
    ]),
  ];
}

/** Ids are of one repository: they do not move to the new owner's repository of the same name. */
function movedPublisher(
  repository: string,
  before: string,
  next: string,
  tokenNames: RepositoryFacts["tokenNames"],
): string {
  const name = withoutIds(repository);
  const moved = movedName(name, before, next);
  return tokenNames?.get(moved) ?? (moved === name ? repository : moved);
}

/** Returns the edits, for `setScalars`, that move principals of the old account to the new one. */
export function movedPrincipals(old: Committed | undefined, accountId: string): Edit[] {
  return (old?.cluster.access ?? []).map(({ principalArn }, index) => [
    settingPath("cluster", "access", index, "principalArn"),
    principalArn.replace(`::${old?.aws.accountId ?? ""}:`, `::${accountId}:`),
  ]);
}

/** Returns the settings of a stack file; undefined if it cannot be read, which its own checks report. */
function settingsOf(environment: Environment, text: string): Committed | undefined {
  try {
    return committed(parseStackFile(environment, text));
  } catch {
    return undefined;
  }
}

/** Returns a name for a role's access entry, of its permission set if it has one: lowercase letters, digits and dashes. */
function entryName(role: string): string {
  const own = permissionSetOf(role) ?? role.split("/").at(-1) ?? role;
  const name = own.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.replace(/^[^a-z]+|-+$/g, "") || "admin";
}

/** The partition of AWS that a region is in. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
