import { text } from "node:stream/consumers";
import { createHash, createPublicKey } from "node:crypto";
import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { execa } from "execa";
import { writerSecret, writerSecretOf, type Writer } from "../components/writer-secret.ts";
import { whyNoAppKey } from "../config/app-key.ts";
import { committed } from "../config/committed.ts";
import { clusterNameOf, environments, type Environment } from "../config/environments.ts";
import { readStackFiles, stackFileIn, type StackFile } from "../config/stack-files.ts";
import { asking } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { progress } from "./progress.ts";
import { stackAccount } from "./stack-shell.ts";
import { byEnvironment, profilesOf } from "./workspace.ts";

interface Options {
  readonly profile?: string;
  readonly context?: string;
  readonly json?: true;
}

const secretName = `${writerSecret.namespace}/${writerSecret.name}`;

/** `idp github writer-key <stack>`: puts the key of the app that writes tags into a cluster. */
export function writerKeyCommand(root = repositoryRoot): Command {
  return new Command("writer-key")
    .description(
      "put the key of the GitHub App that writes tags, from standard input, into a cluster",
    )
    .addArgument(new Argument("<stack>", "whose cluster").choices(environments))
    .option(
      "--profile <name>",
      "AWS profile of the stack's account; also IDP_PROFILE_<STACK> (default: idp:aws.profile, or the shell's credentials)",
    )
    .option(
      "--context <name>",
      "kubectl context of the cluster; also IDP_CONTEXT_<STACK> (default: aws eks update-kubeconfig makes one)",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      [
        "",
        "Example: npx idp github writer-key dev --profile acme-dev < idp-writer.pem",
        "",
        "The app's numbers are idp:images.writer of the stack's settings. The key is read from standard input only, and is kept",
        `nowhere but in the cluster, as Secret ${secretName}. Run it again for a new key, and for a cluster that was made anew.`,
      ].join("\n"),
    )
    .action(async (stack: Environment, { profile, context, json }: Options) => {
      const file = stackFileIn(readStackFiles(root), stack);
      const writer = writerOf(file);
      const key = await keyFrom(process.stdin, stack);
      const known = context ?? byEnvironment("context", [])[stack];
      progress(`${stack}: applying Secret ${secretName}`);
      await inScratchFolder("kubeconfig", async (scratch) => {
        const options =
          known === undefined
            ? ["--kubeconfig", await kubeconfigIn(scratch, file, profile ?? profilesOf([])[stack])]
            : ["--context", known];
        await applySecret(stack, options, writerSecretOf(writer, key));
      });
      const made = { stack, secret: secretName, ...writer, fingerprint: fingerprintOf(key) };
      console.log(json ? JSON.stringify(made, null, 2) : madeLines(made).join("\n"));
    });
}

/**
 * Returns the app that writes tags in an environment.
 * @throws Error that names the fix where nothing writes, or no app is named
 */
function writerOf(file: StackFile): Writer {
  const { strategy, writer } = committed(file).images;
  if (strategy === "pinned") {
    throw new Error(
      `${file.file}: idp:images.strategy: found "pinned": nothing writes to git there, so its cluster must have no key that writes. Nothing was changed`,
    );
  }
  if (writer) return writer;
  throw new Error(
    `${file.file}: idp:images.writer: found no app with appId and installationId; must name the app that the key is of. Nothing was changed. Fix: docs/stacks.md#two-github-apps`,
  );
}

/**
 * Reads an app's key.
 * @throws Error that says what was found instead of one, and shows nothing of it
 */
async function keyFrom(input: NodeJS.ReadStream, stack: Environment): Promise<string> {
  const fix = `Nothing was changed. Fix: npx idp github writer-key ${stack} < <file>.pem`;
  if (input.isTTY) throw new Error(`there is no key on standard input. ${fix}`);
  const key = await text(input);
  const found = whyNoAppKey(key);
  if (found === undefined) return key;
  throw new Error(
    `standard input: found ${found}; must be the whole .pem file that the app's page on GitHub gave, unchanged. ${fix}`,
  );
}

/** Makes a kubeconfig in a folder, with credentials of the stack's own account. */
async function kubeconfigIn(
  scratch: string,
  file: StackFile,
  profile: string | undefined,
): Promise<string> {
  const { region, askAws, whose } = await stackAccount(file, profile, asking(process.env));
  const kubeconfig = join(scratch, file.environment);
  const name = clusterNameOf(file.environment);
  const answer = await askAws(
    ...["eks", "update-kubeconfig", "--kubeconfig", kubeconfig, "--region", region, "--name", name],
  );
  if (answer.kind === "said") return kubeconfig;
  const why = answer.kind === "missing" ? "aws is not on PATH" : answer.message;
  throw new Error(
    `${whose}: cluster ${name}: ${why}. Nothing was changed. Fix: pulumi up -s ${file.environment} makes the cluster; --context <name> names one that kubectl knows`,
  );
}

/** Applies a Secret through kubectl's standard input: it appears in no argument and no file. */
async function applySecret(
  stack: Environment,
  options: readonly string[],
  secret: ReturnType<typeof writerSecretOf>,
): Promise<void> {
  const args = [
    ...options,
    ...["--request-timeout", "20s", "apply", "--server-side", "--force-conflicts"],
    ...["--field-manager", "idp-writer-key", "--filename", "-"],
  ];
  const { failed, code, stderr } = await execa("kubectl", args, {
    input: JSON.stringify(secret),
    reject: false,
  });
  if (!failed) return;
  // kubectl may repeat what it was given.
  const said = Object.values(secret.data).reduce(
    (all, value) => all.replaceAll(value, "..."),
    stderr,
  );
  throw new Error(
    `${stack}'s cluster did not take Secret ${secretName}: ${code === "ENOENT" ? "kubectl is not on PATH" : said.trim()}\n` +
      `Fix: make sure that kubectl --namespace ${writerSecret.namespace} get secrets works there: pulumi up -s ${stack} makes the namespace, ` +
      `and a private endpoint answers in its VPC only (docs/operations.md#the-private-endpoint)`,
  );
}

/** A key's fingerprint as the app's page on GitHub shows it: of the public key, DER, in Base64. */
function fingerprintOf(privateKey: string): string {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("base64")}`;
}

function madeLines({
  stack,
  appId,
  installationId,
  fingerprint,
}: Writer & { readonly stack: Environment; readonly fingerprint: string }): string[] {
  return [
    `${stack}: Secret ${secretName} holds the key of app ${appId}, installation ${installationId}.`,
    `Its fingerprint, as the app's page on GitHub shows it: ${fingerprint}`,
    "Image Updater takes it at its next commit. Delete the .pem file now, and on the app's page the keys that nothing uses.",
  ];
}
