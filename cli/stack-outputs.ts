import { z } from "zod";
import { committed, required } from "../config/committed.ts";
import { undecidedAccount } from "../config/schema.ts";
import type { StackFile } from "../config/stack-files.ts";
import { backendUrl } from "../config/state-backend.ts";
import type { StackFacts } from "../github/needs.ts";
import { asking } from "../lib/ask.ts";
import { messageOf } from "../lib/message-of.ts";
import { environmentWith } from "../lib/shell.ts";
import { stackShell } from "./stack-shell.ts";

const Outputs = z.record(z.string(), z.unknown());
const Roles = z.record(z.string(), z.string());

/**
 * Reads what GitHub's variables are made of: a stack's settings, and its outputs with `pulumi stack output`. A stack that
 * is kept in S3 is asked with the account's own credentials.
 * @param say is told, in one line, why there are no outputs
 */
export async function stackFacts(
  root: string,
  file: StackFile,
  profile: string | undefined,
  say: (line: string) => void,
): Promise<StackFacts> {
  const { environment } = file;
  const region = required(file, ({ aws }) => aws.region);
  const isDecided = required(file, ({ aws }) => aws.accountId) !== undecidedAccount;
  const { stateBackend } = committed(file).github;
  const outputs = isDecided ? await outputsOf(root, file, profile, say) : undefined;
  return {
    environment,
    isDecided,
    region,
    isPrivate: committed(file).cluster.publicAccessCidrs?.length === 0,
    backend: stateBackend && backendUrl({ bucket: stateBackend.bucket, region }),
    outputs:
      outputs &&
      Object.fromEntries(
        Object.entries(outputs).flatMap(([name, value]) =>
          typeof value === "string" ? [[name, value]] : [],
        ),
      ),
    publishRoles: Roles.safeParse(outputs?.["publishRoleArns"]).data ?? {},
  };
}

async function outputsOf(
  root: string,
  file: StackFile,
  profile: string | undefined,
  say: (line: string) => void,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { environment } = file;
  try {
    const env =
      committed(file).github.stateBackend === undefined
        ? process.env
        : environmentWith(process.env, await stackShell(file, profile, asking(process.env)));
    const args = ["stack", "output", "--json", "--non-interactive", "--stack", environment];
    const answer = await asking(env)("pulumi", [...args, "--cwd", root]);
    if (answer.kind === "said") return Outputs.parse(JSON.parse(answer.text));
    throw new Error(answer.kind === "missing" ? "pulumi is not on PATH" : answer.message);
  } catch (error) {
    const why = messageOf(error);
    say(`${environment} has no outputs here, so its roles are left out: ${why}`);
    return undefined;
  }
}
