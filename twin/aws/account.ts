import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../state/folder.ts";
import { isBag, type Bag, type Json } from "./properties.ts";
import { regions } from "./regions.ts";
import { Store } from "./store.ts";

/** The account that a provider is configured for, with its region and tags. */
export interface AwsAccount {
  readonly id: string;
  readonly region: string;
  readonly partition: string;
  /** The IAM user or role that calls. */
  readonly caller: string;
  /** Added to the `tagsAll` of every resource that can have tags. */
  readonly defaultTags: Readonly<Record<string, string>>;
}

/** The part of a profile that the double needs. */
interface Profile {
  readonly accountId: string | undefined;
  readonly region: string | undefined;
  /** The role that is assumed. */
  readonly roleArn: string | undefined;
}

/** Returns the ARN of who calls with a profile: its `role_arn`, else the twin's own user. */
export function callerOf(accountId: string, roleArn: string | undefined): string {
  return roleArn ?? `arn:aws:iam::${accountId}:user/idp-twin`;
}

/**
 * Returns the profiles in an AWS config file, from its `[profile name]` sections: `aws_account_id`, `region` and
 * `role_arn`. Other keys are ignored.
 */
export function parseAwsConfig(text: string): Map<string, Profile> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const raw of text.split("\n")) {
    const line = raw.replace(/[#;].*$/, "").trim();
    const header = /^\[(?:profile\s+)?([^\]]+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      current = new Map();
      sections.set(header.trim(), current);
      continue;
    }
    const equals = line.indexOf("=");
    if (equals > 0) current?.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  return new Map(
    [...sections].map(([name, keys]) => [
      name,
      {
        accountId: keys.get("aws_account_id"),
        region: keys.get("region"),
        roleArn: keys.get("role_arn"),
      },
    ]),
  );
}

/**
 * Returns the account that a provider with this configuration works in.
 * @param config the provider's own properties. Nested ones may be JSON text, which is how the SDK sends them
 * @throws Error when the real provider would: no credentials, unknown profile, account not allowed
 */
export function resolveAccount(config: Bag, env: NodeJS.ProcessEnv = process.env): AwsAccount {
  const file = env["AWS_CONFIG_FILE"] || join(stateDir(env), "aws/config");
  const profiles = readProfiles(file);
  const allowed = `Profiles in ${file}: ${[...profiles.keys()].join(", ") || "none"}.`;
  const name = text(config["profile"]) ?? env["AWS_PROFILE"];
  if (name === undefined || name === "") {
    throw new Error(
      `No valid credential sources found: neither the provider's "profile" nor AWS_PROFILE names a profile. ${allowed} ` +
        `Fix: eval "$(npx idp twin env)", or set the profile in the stack's idp:aws setting`,
    );
  }
  const profile = profiles.get(name);
  if (profile?.accountId === undefined) {
    const what = profile === undefined ? "does not exist" : "has no aws_account_id";
    throw new Error(
      `failed to get shared config profile, ${name}: it ${what}. ${allowed} Fix: run idp twin up, which writes the file, or name one of these profiles`,
    );
  }
  const region = text(config["region"]) ?? env["AWS_REGION"] ?? profile.region;
  if (region === undefined || !regions.has(region)) {
    throw new Error(
      `invalid AWS Region: ${region ?? "none given"}. The AWS double knows: ${[...regions.keys()].join(", ")} (twin/aws/regions.ts)`,
    );
  }
  checkAllowed(profile.accountId, config);
  const partition = regions.get(region)?.partition ?? "aws";
  const caller = callerOf(profile.accountId, profile.roleArn);
  checkAssumable(profile, env);
  return { id: profile.accountId, region, partition, caller, defaultTags: defaultTags(config) };
}

/** A role that does not exist cannot be assumed. Whom it trusts and what it may do nobody judges here. */
function checkAssumable({ accountId = "", roleArn }: Profile, env: NodeJS.ProcessEnv): void {
  if (roleArn === undefined) return;
  const store = new Store(join(stateDir(env), "aws", accountId));
  const [, owner, name = ""] = /:iam::(\d+):role\/(?:.*\/)?([^/]+)$/.exec(roleArn) ?? [];
  if (owner === accountId && store.read("aws:iam/role:Role", name) !== undefined) return;
  throw new Error(
    `AccessDenied: not authorized to perform sts:AssumeRole on resource ${roleArn}: account ${accountId} has no such role`,
  );
}

function checkAllowed(accountId: string, config: Bag): void {
  const allowed = list(config["allowedAccountIds"]);
  const forbidden = list(config["forbiddenAccountIds"]);
  if ((allowed.length > 0 && !allowed.includes(accountId)) || forbidden.includes(accountId)) {
    const rule = allowed.length > 0 ? `allowed: ${allowed.join(", ")}` : "it is forbidden";
    throw new Error(
      `AWS account ID not allowed: ${accountId} (${rule}). Fix: use the profile of the stack's own account`,
    );
  }
}

function defaultTags(config: Bag): Record<string, string> {
  const tags = opened(config["defaultTags"]);
  const inner = isBag(tags) ? tags["tags"] : undefined;
  if (!isBag(inner)) return {};
  return Object.fromEntries(
    Object.entries(inner).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

function list(value: Json | undefined): string[] {
  const items = opened(value);
  return Array.isArray(items) ? items.map(String) : [];
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The value, parsed if it is JSON text: the SDK sends nested provider settings as text. */
function opened(value: Json | undefined): Json | undefined {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function readProfiles(file: string): Map<string, Profile> {
  try {
    return parseAwsConfig(readFileSync(file, "utf8"));
  } catch {
    return new Map();
  }
}
