import { execa } from "execa";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { binaryPath } from "../toolchain/locate.ts";

/** Whether this machine runs services' Pods as containers. */
export type ContainerSupport =
  | { readonly runs: true }
  | {
      readonly runs: false;
      /** One sentence. */
      readonly reason: string;
      /** The command that lifts it; undefined where there is none. */
      readonly fix: string | undefined;
    };

const Answer = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);

/** What a program said; nothing when it could not even be started. */
interface Said {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly shortMessage?: string;
}

/**
 * Whether containers run here.
 *
 * @param folder where the twin keeps its files: a container's upper layer cannot be on every kind of file system
 * @param env says where podbox is. Default: this process's own
 */
export async function containersHere(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ContainerSupport> {
  if (process.platform === "linux") return containerSupport(binaryPath("podbox", env), folder);
  return {
    runs: false,
    reason: `containers need Linux, this is ${process.platform}`,
    fix: undefined,
  };
}

/**
 * Finds out by running one: podbox makes the namespaces, a network and a container, and removes them (about 0.1 s). Where
 * podbox cannot do even that, or is not there, nothing runs: that is an answer as well, the twin works without.
 *
 * @param podbox the program
 * @param folder where the twin keeps its files: a container's upper layer cannot be on every kind of file system
 * @param settings folder of the kernel's settings. Default `/proc/sys`
 */
export async function containerSupport(
  podbox: string,
  folder: string,
  settings = "/proc/sys",
): Promise<ContainerSupport> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const said: Said = await execa(podbox, ["check", folder], {
    reject: false,
    timeout: checkLimitMs,
    stdin: "ignore",
  });
  const answer = parse(said.stdout);
  if (answer?.ok === true) return { runs: true };
  const fix = fixes.find(
    ({ setting, value }) => valueOf(join(settings, setting)) === value,
  )?.command;
  return { runs: false, reason: answer?.reason ?? `podbox check failed: ${wordsOf(said)}`, fix };
}

const checkLimitMs = 20_000;

function parse(text = ""): z.infer<typeof Answer> | undefined {
  try {
    return Answer.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The first line that says something: a program that crashes says more than a reason. */
function wordsOf({ stderr = "", stdout = "", shortMessage = "" }: Said): string {
  const lines = [stderr, stdout, shortMessage].flatMap((text) => text.split("\n"));
  return lines.map((line) => line.trim()).find((line) => line !== "") ?? "it said nothing";
}

/** Only asked after a container could not run: a switch that is off does no harm by itself. */
const fixes = [
  {
    setting: "kernel/apparmor_restrict_unprivileged_userns",
    value: "1",
    command: "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
  },
  {
    setting: "user/max_user_namespaces",
    value: "0",
    command: "sudo sysctl user.max_user_namespaces=15000",
  },
] as const;

function valueOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

/** What the twin says where containers do not run. */
export function simulationNotice({
  reason,
  fix,
}: Extract<ContainerSupport, { runs: false }>): string {
  const lifted = fix === undefined ? "" : ` Fix: ${fix}, then idp twin down and idp twin up`;
  return `services' Pods are simulated, nothing in them runs: ${reason.replace(/\.$/, "")}.${lifted}`;
}
