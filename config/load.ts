import * as pulumi from "@pulumi/pulumi";
import { isEnvironment, environments, type Environment } from "./environments.ts";
import { conflictsWith } from "./neighbours.ts";
import { problemsOf, SettingsError, type Problem } from "./problems.ts";
import { ConsistentSettings, GithubApp, githubAppKey, type Settings } from "./schema.ts";
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
  try {
    return {
      environment: stack,
      settings: parseSettings(stack, pulumi.runtime.allConfig(), neighbours),
      githubApp: githubApp?.apply((text) => parseGithubApp(stack, text)),
    };
  } catch (error) {
    // A user's mistake: the message says everything, and a stack trace would hide it.
    if (error instanceof SettingsError) throw new pulumi.RunError(error.message);
    throw error;
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
  const raw = Object.fromEntries(
    Object.entries(engineSettings(config)).filter(([key]) => key !== githubAppKey),
  );
  const parsed = ConsistentSettings.safeParse(raw);
  if (!parsed.success) throw new SettingsError(stack, problemsOf(parsed.error, raw));
  const conflicts = conflictsWith(parsed.data, neighbours);
  if (conflicts.length > 0) throw new SettingsError(stack, conflicts);
  return parsed.data;
}

function parseGithubApp(stack: string, text: string): GithubApp {
  const parsed = GithubApp.safeParse(valueOf(text));
  if (parsed.success) return parsed.data;
  // Never shows what was found: it is a secret.
  const problems: Problem[] = parsed.error.issues.map(({ path, message }) => ({
    key: [githubAppKey, ...path.map(String)].join("."),
    found: "a secret",
    allowed: message,
  }));
  throw new SettingsError(stack, problems);
}
