import { writeWhole } from "../../lib/write-file.ts";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { environments, type Environment } from "../../config/environments.ts";
import type { Registry } from "../../promotion/registry.ts";
import { stateDir } from "./folder.ts";
import { freePorts } from "./ports.ts";

/** One of the twin's three AWS accounts. */
export interface TwinAccount {
  readonly environment: Environment;
  readonly accountId: string;
  readonly region: string;
  /** Its profile in the twin's AWS_CONFIG_FILE. */
  readonly profile: string;
}

/**
 * The accounts that the twin plays. dev has its real number, because the committed service files contain it. The numbers of
 * staging and prod are not decided yet; these two are the twin's own.
 */
export const twinAccounts: Readonly<Record<Environment, TwinAccount>> = {
  dev: account("dev", "935743309409"),
  staging: account("staging", "100000000002"),
  prod: account("prod", "100000000003"),
};

function account(environment: Environment, accountId: string): TwinAccount {
  return { environment, accountId, region: "us-west-2", profile: `idp-twin-${environment}` };
}

const port = z.int().min(1).max(65535);
const TwinRecord = z.strictObject({
  /** Port of the git server. */
  gitPort: port,
  /** Port of each account's registry. */
  registryPorts: z.strictObject({ dev: port, staging: port, prod: port }),
});

/** The content of `twin.json`. Ports stay the same from one `up` to the next, and therefore settings do too. */
export type Twin = z.infer<typeof TwinRecord>;

/** The paths of one twin. Those of processes, logs and clusters are known to their own modules. */
export interface TwinPaths {
  readonly state: string;
  readonly record: string;
  readonly clusterEnvironment: string;
  readonly awsConfig: string;
  readonly git: string;
  readonly repository: string;
  readonly settings: string;
  readonly pulumiBackend: string;
  readonly pulumiHome: string;
  readonly passphrase: string;
  readonly bin: string;
}

/** Returns the paths of the twin in `state`. */
export function twinPaths(state = stateDir()): TwinPaths {
  return {
    state,
    record: join(state, "twin.json"),
    clusterEnvironment: join(state, "clusters/environment.json"),
    awsConfig: join(state, "aws/config"),
    git: join(state, "git"),
    repository: join(state, "git/idp.git"),
    settings: join(state, "config"),
    pulumiBackend: join(state, "pulumi"),
    pulumiHome: join(state, "pulumi-home"),
    passphrase: join(state, "pulumi-passphrase"),
    bin: join(state, "bin"),
  };
}

/** Returns the path of the twin's settings file for one stack. */
export function settingsFile(environment: Environment, paths = twinPaths()): string {
  return join(paths.settings, `Pulumi.${environment}.yaml`);
}

/** Returns the address from which Argo CD and people clone the twin's git repository. */
export function repositoryUrl(twin: Twin): string {
  return `http://127.0.0.1:${twin.gitPort}/idp.git`;
}

/** Returns the address of an account's registry. It serves only the API: image names still name ECR. */
export function registryUrl(twin: Twin, environment: Environment): string {
  return `http://127.0.0.1:${twin.registryPorts[environment]}`;
}

/** Returns an account's registry in the form that promotion needs. */
export function twinRegistry(twin: Twin, environment: Environment): Registry {
  return { name: environment, url: registryUrl(twin, environment) };
}

/**
 * Returns the twin, or undefined if there is none.
 * @throws Error that names twin.json and the command that fixes it, if this version cannot read it
 */
export function readTwin(paths = twinPaths()): Twin | undefined {
  if (!existsSync(paths.record)) return undefined;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(paths.record, "utf8"));
  } catch {
    content = undefined;
  }
  const parsed = TwinRecord.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Error(
    `${paths.record} was not written by this version:\n${z.prettifyError(parsed.error)}\nFix: idp twin down, then idp twin up`,
  );
}

/** Like {@link readTwin}, for commands that need a twin. @throws Error if there is none */
export function requireTwin(paths = twinPaths()): Twin {
  const twin = readTwin(paths);
  if (twin === undefined)
    throw new Error(`There is no twin in ${paths.state}. Fix: idp twin up (or: make up)`);
  return twin;
}

/** Returns the existing twin, or creates one: its directories, ports, AWS profiles and passphrase of its stacks' secrets. */
export async function ensureTwin(paths = twinPaths()): Promise<Twin> {
  // Only the owner may read the state: it holds the keys of three clusters.
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  for (const directory of [
    join(paths.state, "aws"),
    paths.git,
    paths.settings,
    paths.pulumiBackend,
    paths.pulumiHome,
    paths.bin,
  ]) {
    mkdirSync(directory, { recursive: true });
  }
  writeWhole(paths.awsConfig, awsConfig());
  if (!existsSync(paths.passphrase)) {
    writeWhole(paths.passphrase, randomBytes(24).toString("base64url"));
  }
  const known = readTwin(paths);
  if (known !== undefined) return known;
  const [gitPort, dev, staging, prod] = await freePorts(1 + environments.length);
  const twin = TwinRecord.parse({ gitPort, registryPorts: { dev, staging, prod } });
  writeWhole(paths.record, `${JSON.stringify(twin, null, 2)}\n`);
  return twin;
}

/** Returns the AWS config file, which maps profiles to accounts. It holds no keys because the double needs none. */
export function awsConfig(): string {
  return Object.values(twinAccounts)
    .map(
      ({ profile, accountId, region }) =>
        `[profile ${profile}]\naws_account_id = ${accountId}\nregion = ${region}\n`,
    )
    .join("\n");
}
