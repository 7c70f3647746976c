import { writeWhole } from "../../lib/write-file.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse, parseDocument } from "yaml";
import { z } from "zod";
import { environments, type Environment } from "../../config/environments.ts";
import {
  registryUrl,
  repositoryUrl,
  settingsFile,
  twinAccounts,
  twinPaths,
  type Twin,
  type TwinAccount,
} from "./twin.ts";

/** Paths of the release manifests that the toolchain keeps: the same bytes as the releases', so the same sha256. */
export interface Manifests {
  readonly argoCd: string;
  readonly argoCdHighAvailability: string;
  readonly imageUpdater: string;
}

/** What differs between an account on AWS and its twin, as far as a stack's settings know of it. */
export interface TwinFacts {
  readonly account: TwinAccount;
  readonly repositoryUrl: string;
  readonly registryUrl: string;
  readonly manifests: Manifests;
}

/** How often the twin's Argo CDs look at git, in seconds: a person watches. On AWS it is a minute and more. */
const reconciliationSeconds = 10;
/** How often the twin's Image Updaters look at their registries, in seconds. */
const intervalSeconds = 10;

const SettingsText = z.object({
  config: z.object({
    "idp:argoCd": z.object({ highAvailability: z.boolean().default(false) }).default({
      highAvailability: false,
    }),
    "idp:images": z.object({ imageUpdater: z.unknown().optional() }).default({}),
  }),
});

/**
 * The settings of one of the twin's stacks: the committed ones with the twin's account, addresses and intervals.
 * Everything else is as committed, so what runs here is what would run on AWS.
 *
 * @param committed text of `Pulumi.<environment>.yaml`
 * @param previous text of the twin's own file from the last time: the salt of its secrets is kept
 * @throws Error when the committed file has no `config` map
 */
export function twinSettings(committed: string, facts: TwinFacts, previous = ""): string {
  const document = parseDocument(committed);
  const { config } = SettingsText.parse(document.toJS());
  const { account, manifests } = facts;
  const highAvailability = config["idp:argoCd"].highAvailability;
  const set = (key: string, values: Readonly<Record<string, string | number>>) => {
    for (const [name, value] of Object.entries(values)) {
      document.setIn(["config", key, ...name.split(".")], value);
    }
  };
  set("idp:aws", {
    accountId: account.accountId,
    region: account.region,
    profile: account.profile,
  });
  set("idp:repository", { url: facts.repositoryUrl, branch: "main" });
  set("idp:argoCd", {
    manifestUrl: fileUrl(highAvailability ? manifests.argoCdHighAvailability : manifests.argoCd),
    reconciliationSeconds,
  });
  if (config["idp:images"].imageUpdater !== undefined) {
    set("idp:images", {
      registryApiUrl: facts.registryUrl,
      "imageUpdater.manifestUrl": fileUrl(manifests.imageUpdater),
      "imageUpdater.intervalSeconds": intervalSeconds,
    });
  }
  const salt = encryptionSalt(previous);
  if (salt !== undefined) document.set("encryptionsalt", salt);
  document.commentBefore = ` Made by \`idp twin up\` from the committed Pulumi.${account.environment}.yaml; changes are lost at the next.`;
  return document.toString({ lineWidth: 0 });
}

/**
 * Writes the settings of the three stacks into the twin's folder, beside a Pulumi.yaml that names the project.
 *
 * @param root the repository's root
 */
export function writeSettings(
  root: string,
  twin: Twin,
  manifests: Manifests,
  paths = twinPaths(),
): void {
  // `pulumi stack init` writes the salt beside the project's file: here, not into the clone.
  writeWhole(join(paths.settings, "Pulumi.yaml"), projectText(root));
  for (const environment of environments) {
    const file = settingsFile(environment, paths);
    const previous = existsSync(file) ? readFileSync(file, "utf8") : "";
    const text = twinSettings(
      committedText(root, environment),
      factsOf(twin, environment, manifests),
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

function factsOf(twin: Twin, environment: Environment, manifests: Manifests): TwinFacts {
  return {
    account: twinAccounts[environment],
    repositoryUrl: repositoryUrl(twin),
    registryUrl: registryUrl(twin, environment),
    manifests,
  };
}

function encryptionSalt(text: string): string | undefined {
  return z.object({ encryptionsalt: z.string() }).safeParse(parse(text)).data?.encryptionsalt;
}

function fileUrl(path: string): string {
  return pathToFileURL(path).href;
}
