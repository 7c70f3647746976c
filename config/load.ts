import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { committed } from "./committed.ts";
import { isEnvironment, environments, type Environment } from "./environments.ts";
import { SettingsError, type Problem } from "./problems.ts";
import { GithubApp, githubAppKey, type Settings } from "./schema.ts";
import { readSettings } from "./settings-problems.ts";
import { engineSettings, namespace, valueOf, type StackFile } from "./stack-files.ts";

/** What the program knows about the stack it runs for. */
export interface Stack {
  readonly environment: Environment;
  readonly settings: Settings;
  /** Present where the repository is private. */
  readonly githubApp: pulumi.Output<GithubApp> | undefined;
}

/**
 * Returns the settings of the current stack. Nothing else asks Pulumi for its configuration and the stack's name.
 *
 * @param stackFiles the committed settings of all environments: neighbours must not share accounts or addresses
 * @throws SettingsError with every problem and the command that fixes it
 */
export function loadStack(stackFiles: readonly StackFile[]): Stack {
  const stack = pulumi.getStack();
  if (!isEnvironment(stack)) {
    throw new pulumi.RunError(
      `Stack "${stack}" is not an environment of this platform; allowed: ${environments.join(", ")}. ` +
        `Fix: pulumi stack select <environment>`,
    );
  }
  const neighbours = stackFiles.filter(({ environment }) => environment !== stack);
  const githubApp = new pulumi.Config(namespace).getSecret(githubAppKey);
  return withoutTrace(() => {
    refuseClearText(stack, stackFiles);
    const settings = parseSettings(stack, pulumi.runtime.allConfig(), neighbours);
    if (githubApp) refuseWithoutWriter(stack, settings);
    const writers = [...neighbours, { environment: stack, settings: { images: settings.images } }];
    return {
      environment: stack,
      settings,
      githubApp: githubApp?.apply((text) =>
        withoutTrace(() => readingApp(stack, parseGithubApp(stack, text), writers)),
      ),
    };
  });
}

/** A user's mistake: the message says everything, and a stack trace would hide it. */
function withoutTrace<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
  }
}

/**
 * Returns the settings in a stack's configuration as the engine passes it: keyed `namespace:key`, objects as JSON text.
 * @throws SettingsError
 */
export function parseSettings(
  stack: string,
  config: Readonly<Record<string, string>>,
  neighbours: readonly StackFile[],
): Settings {
  const read = readSettings(engineSettings(config), neighbours);
  if (read.settings) return read.settings;
  throw new SettingsError(stack, read.problems);
}

/** How the app's credentials get into the stack's configuration without a key in a shell's history or an argument. */
const githubAppFix = (stack: string) =>
  `jq -n --arg appId <number> --arg installationId <number> --rawfile privateKey <file>.pem '$ARGS.named' | ` +
  `pulumi config set --secret ${namespace}:${githubAppKey} -s ${stack}`;

/**
 * Returns the GitHub App's credentials in the JSON text of {@link githubAppKey}.
 * @throws SettingsError that says what kind of thing was found and shows nothing of it
 */
export function parseGithubApp(stack: string, text: string): GithubApp {
  const parsed = GithubApp.safeParse(valueOf(text));
  if (parsed.success) return parsed.data;
  // Shows the kind of what was found at most: it is a secret, an unknown key's name included.
  const problems: Problem[] = parsed.error.issues.map((issue) => ({
    key: [githubAppKey, ...issue.path.map(String)].join("."),
    found: foundIn(issue),
    allowed:
      issue.code === "unrecognized_keys"
        ? `may have ${Object.keys(GithubApp.shape).join(", ")} and nothing else`
        : issue.message.replace(/^Invalid input: /, ""),
    fix: githubAppFix(stack),
  }));
  throw new SettingsError(stack, problems);
}

function foundIn(issue: z.core.$ZodIssue): string {
  const found: unknown = issue.code === "custom" ? issue.params?.["found"] : undefined;
  return typeof found === "string" ? found : "a secret";
}

/** What the engine writes into a stack file in place of a secret. */
const Encrypted = z.strictObject({ secure: z.string() });

/** @throws SettingsError if the app's credentials stand in the stack file as they are */
function refuseClearText(stack: string, stackFiles: readonly StackFile[]): void {
  const own = stackFiles.find(({ environment }) => environment === stack);
  const committed = own?.settings[githubAppKey];
  if (committed === undefined || Encrypted.safeParse(committed).success) return;
  throw new SettingsError(stack, [
    {
      key: githubAppKey,
      found: "it in clear text",
      allowed: "must be a secret; make a new key on the app's page, because git keeps this one",
      fix: githubAppFix(stack),
    },
  ]);
}

const writerFix = (stack: string) =>
  `make a second app (docs/stacks.md#two-github-apps), then ` +
  ["appId", "installationId"]
    .map(
      (key) =>
        `pulumi config set --path --type string '${namespace}:images.writer.${key}' <number> -s ${stack}`,
    )
    .join(" and ");

/** @throws SettingsError if Image Updater would write with the app whose key is in the stack */
function refuseWithoutWriter(stack: string, { images }: Settings): void {
  if (images.strategy === "pinned" || images.writer) return;
  throw new SettingsError(stack, [
    {
      key: "images.writer",
      found: "nothing",
      allowed: `must name the app that writes tags: ${namespace}:${githubAppKey} only reads, because every preview can read its key`,
      fix: writerFix(stack),
    },
  ]);
}

/**
 * Returns Argo CD's app.
 * @param stacks the settings of all environments: one app that writes anywhere may be no stack's reader
 * @throws SettingsError if it is one that writes
 */
export function readingApp(
  stack: string,
  app: GithubApp,
  stacks: readonly Pick<StackFile, "environment" | "settings">[],
): GithubApp {
  const same = stacks.find((one) => committed(one).images.writer?.appId === app.appId);
  if (!same) return app;
  throw new SettingsError(stack, [
    {
      key: githubAppKey,
      found: `the app of idp:images.writer in Pulumi.${same.environment}.yaml`,
      allowed: "must be another app, which only reads: every preview can read its key",
      fix: githubAppFix(stack),
    },
  ]);
}
