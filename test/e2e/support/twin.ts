import { execa, type Result } from "execa";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../../../config/environments.ts";
import {
  kubeconfigFile,
  serviceStatuses,
  type ServiceStatus,
} from "../../../twin/cluster/applications.ts";
import { twinEnvironment } from "../../../twin/state/environment.ts";
import { namedServices } from "../../../twin/images/images.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { repositoryUrl, requireTwin, twinAccounts, twinPaths } from "../../../twin/state/twin.ts";

// A twin of its own, so that a developer's stays as it is; the same place at every run, so that what a killed run left
// is found.
const clone = createHash("sha256").update(repositoryRoot).digest("hex").slice(0, 8);
process.env["IDP_TWIN"] = join(tmpdir(), `idp-e2e-${clone}`);

/** Everything that the commands of this run said, for whoever looks into a failure. */
export const logFile = join(tmpdir(), `idp-e2e-${clone}.log`);

type Output = Result<{ all: true; reject: false }>;

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Output> {
  appendFileSync(logFile, `\n$ ${command} ${args.join(" ")}\n`);
  return record(
    execa(command, [...args], {
      cwd: repositoryRoot,
      env: { ...twinEnvironment(), ...env },
      extendEnv: false,
      all: true,
      reject: false,
      stdin: "ignore",
    }),
  );
}

async function record(
  running: PromiseLike<Output> & { all: NodeJS.ReadableStream },
): Promise<Output> {
  running.all.on("data", (chunk: Buffer) => {
    appendFileSync(logFile, chunk);
  });
  return running;
}

/** `idp ...` as a person runs it. */
export function idp(...args: string[]): Promise<Output> {
  return run(process.execPath, ["bin/idp.js", ...args]);
}

/** `pulumi ...` in a shell that is on the twin, from the repository's root. */
export function pulumi(...args: string[]): Promise<Output> {
  return run(join(twinPaths().bin, "pulumi"), [...args, "--non-interactive", "--color", "never"]);
}

/** `pulumi ...` as a role of an environment's account: the AWS double lets in a role that exists, and asks no more. */
export function pulumiAs(...command: Parameters<typeof pulumiCommandAs>): Promise<Output> {
  const { program, args, env } = pulumiCommandAs(...command);
  return run(program, args, env);
}

/** What {@link pulumiAs} runs. */
export function pulumiCommandAs(environment: Environment, roleArn: string, ...words: string[]) {
  const { awsConfig, bin, state } = twinPaths();
  const profile = `[profile ${twinAccounts[environment].profile}]\n`;
  const file = join(state, `aws/config-${environment}`);
  const text = readFileSync(awsConfig, "utf8");
  writeFileSync(file, text.replace(profile, `${profile}role_arn = ${roleArn}\n`));
  return {
    program: join(bin, "pulumi"),
    args: [...words, "-s", environment, "--non-interactive", "--color", "never"],
    env: { ...twinEnvironment(), AWS_CONFIG_FILE: file },
  };
}

/** `aws ...` with a profile of the twin. */
export function aws(profile: string, ...args: string[]): Promise<Output> {
  return run(join(twinPaths().bin, "aws"), args, { AWS_PROFILE: profile });
}

/** `kubectl ...` on an environment's cluster, as its administrator. */
export async function kubectl(environment: Environment, ...args: string[]): Promise<string> {
  const { stdout } = await execa(join(twinPaths().bin, "kubectl"), args, {
    env: { KUBECONFIG: kubeconfigFile(environment) },
  });
  return stdout;
}

/** Fails with the end of a command's output unless it succeeded. */
export function succeeded(output: Output): Output {
  if (output.failed) {
    throw new Error(`${output.shortMessage}\n${output.all.split("\n").slice(-40).join("\n")}`);
  }
  return output;
}

/**
 * Changes files on the twin's branch by one commit, as a person does: clone, edit, push. `undefined` deletes; what the
 * edit changes in the clone's `directory` is committed, too.
 */
export async function commit(
  message: string,
  edit: (files: {
    directory: string;
    read: (path: string) => Promise<string>;
  }) => Promise<Record<string, string | undefined>>,
): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "idp-e2e-clone-"));
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=dev", "-c", "user.email=dev@idp.invalid", ...args], {
      cwd: scratch,
      stripFinalNewline: false,
    });
  try {
    await git("clone", "--quiet", repositoryUrl(requireTwin()), ".");
    const changes = await edit({
      directory: scratch,
      read: async (path) => (await git("show", `HEAD:${path}`)).stdout,
    });
    for (const [path, text] of Object.entries(changes)) {
      if (text === undefined) rmSync(join(scratch, path));
      else {
        mkdirSync(dirname(join(scratch, path)), { recursive: true });
        writeFileSync(join(scratch, path), text);
      }
    }
    await git("add", "--all");
    await git("commit", "--quiet", "-m", message);
    await git("push", "--quiet", "origin", "main");
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Path of a service file. */
export const fileOf = (environment: Environment, service: string) =>
  `argocd/applications/${environment}/${service}.yaml`;

/** What Argo CD says of a service now. */
export async function statusOf(
  environment: Environment,
  service: string,
): Promise<ServiceStatus | undefined> {
  const statuses = await serviceStatuses(await namedServices());
  return statuses.find(
    (status) => status.environment === environment && status.service === service,
  );
}

/** Replicas that a service's Deployment asks for. */
export async function replicasOf(environment: Environment, service: string): Promise<number> {
  const path = "jsonpath={.spec.replicas}";
  return Number(
    await kubectl(environment, "get", "deployment", service, "-n", service, "-o", path),
  );
}

/** Waits until `look` gives true, or fails and says what it gave last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T>,
  isRight: (value: T) => boolean,
  limitMs = 120_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const seen = await look().catch((error: unknown) => error);
    if (!(seen instanceof Error) && isRight(seen as T)) return seen as T;
    if (Date.now() > deadline) {
      const shown = seen instanceof Error ? seen.message : JSON.stringify(seen);
      throw new Error(`${what}: not within ${limitMs / 1000} s; last seen: ${shown}`);
    }
    await sleep(500);
  }
}

export { sleep };
