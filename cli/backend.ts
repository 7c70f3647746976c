import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { environments, type Environment } from "../config/environments.ts";
import { backendUrl } from "../config/state-backend.ts";
import { readStackFiles, settingPath, stackFileIn } from "../config/stack-files.ts";
import { asking, type Answer } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { shellQuoted } from "../lib/shell.ts";
import { setMap } from "../lib/yaml-edit.ts";
import { backendSteps, bucketName, keyAlias, keyArnIn, makeKey, readKey } from "./backend-steps.ts";
import { stackAccount, type StackAccount } from "./stack-shell.ts";
import { profilesOf } from "./workspace.ts";

interface Options {
  readonly profile?: string;
  readonly bucket?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `idp backend ...`: where a stack's state is kept. */
export function backendCommand(): Command {
  const backend = new Command("backend");
  backend.addCommand(createCommand());
  return backend;
}

function createCommand(root = repositoryRoot): Command {
  return new Command("create")
    .description(
      "make the bucket and the key that keep a stack's state, and name them in its settings",
    )
    .addArgument(new Argument("<stack>", "whose account").choices(environments))
    .option(
      "--profile <name>",
      "AWS profile of an administrator of the account; also IDP_PROFILE_<STACK> (default: idp:aws.profile, or the shell's credentials)",
    )
    .option("--bucket <name>", "the bucket (default: idp-state-<account>-<region>)")
    .option("--dry-run", "show the calls of aws, and change nothing")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      [
        "",
        "Example: npx idp backend create dev --profile acme-dev",
        "",
        "What is there and right is left alone, so it can be run again. The region is idp:aws.region. The key costs $1 a month.",
      ].join("\n"),
    )
    .action(async (stack: Environment, { profile, bucket, dryRun, json }: Options) => {
      const file = stackFileIn(readStackFiles(root), stack);
      const account = await stackAccount(
        file,
        profile ?? profilesOf([])[stack],
        asking(process.env),
      );
      const say = (line: string) => {
        if (!json) console.log(line);
      };
      const made = await createBackend(account, bucket, dryRun === true, say);
      const text = readFileSync(join(root, file.file), "utf8");
      const { bucket: name, keyArn } = made;
      const next =
        keyArn === undefined
          ? text
          : setMap(
              text,
              settingPath("github"),
              "stateBackend",
              { bucket: name, keyArn },
              "repository",
            );
      if (next !== text && !dryRun) writeFileSync(join(root, file.file), next);
      const backend = { ...made, url: backendUrl({ bucket: name, region: account.region }) };
      if (json) console.log(JSON.stringify(backend, null, 2));
      say("");
      if (dryRun) say("Nothing was changed. To make it: the same without --dry-run");
      else for (const line of nextLines(stack, account, backend, next !== text)) say(line);
    });
}

/** What was made, or would be. */
export interface MadeBackend {
  readonly bucket: string;
  /** undefined in a dry run that would make the key first. */
  readonly keyArn: string | undefined;
  /** The calls that changed something, or would. */
  readonly calls: readonly string[];
}

/**
 * Makes what a state backend lacks, in order, and says each call first.
 * @throws Error with AWS's answer at the first call that fails; run again, it goes on there
 */
export async function createBackend(
  {
    accountId,
    region,
    askAws,
    flags,
  }: Pick<StackAccount, "accountId" | "region" | "askAws" | "flags">,
  given: string | undefined,
  isDryRun: boolean,
  say: (line: string) => void,
): Promise<MadeBackend> {
  const bucket = given ?? bucketName({ accountId, region });
  const aws = (...args: readonly string[]) => askAws(...args, "--region", region);
  const look = (args: readonly string[]) => aws(...args, "--output", "json");
  const calls: string[] = [];
  const make = async (args: readonly string[]): Promise<string> => {
    const line = ["aws", ...args, "--region", region, ...flags].map(shellQuoted).join(" ");
    calls.push(line);
    say(line);
    return isDryRun ? "" : textOf(await aws(...args), line);
  };
  let keyArn = keyArnIn(await look(readKey));
  if (keyArn === undefined) {
    say(`# the key ${keyAlias}`);
    const arn = (await make(makeKey.key)).trim();
    await make(makeKey.alias(isDryRun ? "<the key's ARN>" : arn));
    keyArn = isDryRun ? undefined : arn;
  }
  for (const step of backendSteps({ accountId, region, bucket }, keyArn ?? "<the key's ARN>")) {
    const answer: Answer =
      keyArn === undefined && step.look[0] === "kms"
        ? { kind: "said", text: "" }
        : await look(step.look);
    if (step.isRight(answer)) {
      say(`# ${step.what}: there`);
      continue;
    }
    say(`# ${step.what}`);
    for (const call of step.make(answer)) await make(call);
  }
  return { bucket, keyArn, calls };
}

function textOf(answer: Answer, line: string): string {
  if (answer.kind === "said") return answer.text;
  throw new Error(
    `${line}: ${answer.kind === "refused" ? answer.message : "aws is not on PATH"}. Fix it, then run the command again: it goes on there`,
  );
}

function nextLines(
  stack: Environment,
  { region }: StackAccount,
  { url, calls }: MadeBackend & { readonly url: string },
  isSettingNew: boolean,
): string[] {
  return [
    calls.length === 0 ? "Everything was there: nothing was changed." : `${calls.length} calls.`,
    ...(isSettingNew ? [`Pulumi.${stack}.yaml: idp:github.stateBackend names them.`] : []),
    "What to do next:",
    `  1. eval "$(npx idp env ${stack})", which sets PULUMI_BACKEND_URL to ${url}`,
    `  2. pulumi stack init ${stack} --secrets-provider="awskms://${keyAlias}?region=${region}", once`,
    `  3. Commit Pulumi.${stack}.yaml`,
  ];
}
