import { writeWhole } from "../../lib/write-file.ts";
import { setScalars } from "../../lib/yaml-edit.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument, type Document } from "yaml";
import { z } from "zod";
import { committed, required } from "../../config/committed.ts";
import { environments, type Environment } from "../../config/environments.ts";
import { movedPrincipals } from "../../config/initialise-stack.ts";
import { githubAppKey, type Settings } from "../../config/schema.ts";
import { namespace, parseStackFile } from "../../config/stack-files.ts";
import {
  registryUrl,
  repositoryUrl,
  settingsFile,
  twinAccounts,
  twinPaths,
  type Twin,
  type TwinAccount,
} from "./twin.ts";

/** The values that differ between an account's twin and the account on AWS. */
export interface TwinFacts {
  readonly account: TwinAccount;
  readonly repositoryUrl: string;
  readonly registryUrl: string;
}

/** How often the twin's Argo CDs read git, in seconds. Short because a person watches; on AWS it is a minute or more. */
const reconciliationSeconds = 10;
/** How often the twin's Image Updaters read their registries, in seconds. */
const intervalSeconds = 10;

/** A part of the settings, at any depth. */
type Some<T> = T extends object ? { readonly [Key in keyof T]?: Some<T[Key]> } : T;

/**
 * Returns the settings of one of the twin's stacks: the committed ones with the twin's account, addresses and intervals.
 * Everything else is as committed, without the GitHub Apps: the twin runs what AWS would run.
 *
 * @param text the committed `Pulumi.<environment>.yaml`
 * @param previous the twin's own file from the last time; the salt of its secrets is kept
 * @throws SettingsError if the committed file does not say how Argo CD is installed
 */
export function twinSettings(text: string, facts: TwinFacts, previous = ""): string {
  const { account } = facts;
  const file = parseStackFile(account.environment, text);
  // Without it the program would be the one to say so, after the control planes have been built.
  required(file, ({ argoCd }) => argoCd.version);
  const { strategy } = committed(file).images;
  const changed: Some<Settings> = {
    aws: { accountId: account.accountId, region: account.region, profile: account.profile },
    repository: { url: facts.repositoryUrl, branch: "main" },
    argoCd: { reconciliationSeconds },
    ...(strategy !== undefined &&
      strategy !== "pinned" && {
        images: {
          registryApiUrl: facts.registryUrl,
          imageUpdater: { intervalSeconds },
        },
      }),
  };
  const document = parseDocument(
    setScalars(text, movedPrincipals(committed(file), account.accountId)),
  );
  for (const [group, values] of Object.entries(changed)) {
    setAll(document, ["config", `${namespace}:${group}`], values);
  }
  for (const path of onlyOnAws.filter((path) => document.hasIn(path))) document.deleteIn(path);
  const salt = encryptionSalt(previous);
  if (salt !== undefined) document.set("encryptionsalt", salt);
  document.commentBefore = ` Made by \`idp twin up\` from the committed Pulumi.${account.environment}.yaml; the next one overwrites changes.`;
  return document.toString({ lineWidth: 0 });
}

/**
 * What the twin cannot use of a committed file: the GitHub Apps, since its git server checks no credentials and Image
 * Updater takes an app for an https address only, and the key of the stack's secrets.
 */
const onlyOnAws = [
  ["config", `${namespace}:${githubAppKey}`],
  ["config", `${namespace}:images`, "writer"],
  ["secretsprovider"],
  ["encryptedkey"],
  ["encryptionsalt"],
];

function setAll(document: Document, path: readonly string[], value: unknown): void {
  if (typeof value !== "object" || value === null) document.setIn(path, value);
  else for (const [key, inner] of Object.entries(value)) setAll(document, [...path, key], inner);
}

/**
 * Writes the settings of the three stacks, and a Pulumi.yaml that names the project, into the twin's folder.
 *
 * @param root the repository's root
 */
export function writeSettings(root: string, twin: Twin, paths = twinPaths()): void {
  // `pulumi stack init` writes the salt next to the project's file: into this folder, not into the clone.
  writeWhole(join(paths.settings, "Pulumi.yaml"), projectText(root));
  for (const environment of environments) {
    const file = settingsFile(environment, paths);
    const previous = existsSync(file) ? readFileSync(file, "utf8") : "";
    const text = twinSettings(
      committedText(root, environment),
      factsOf(twin, environment),
      previous,
    );
    if (text !== previous) writeWhole(file, text);
  }
}

function committedText(root: string, environment: Environment): string {
  return readFileSync(join(root, `Pulumi.${environment}.yaml`), "utf8");
}

function projectText(root: string): string {
  return readFileSync(join(root, "Pulumi.yaml"), "utf8");
}

function factsOf(twin: Twin, environment: Environment): TwinFacts {
  return {
    account: twinAccounts[environment],
    repositoryUrl: repositoryUrl(twin),
    registryUrl: registryUrl(twin, environment),
  };
}

function encryptionSalt(text: string): string | undefined {
  return z.object({ encryptionsalt: z.string() }).safeParse(parse(text)).data?.encryptionsalt;
}
