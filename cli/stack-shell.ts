import { z } from "zod";
import { committed, required } from "../config/committed.ts";
import { undecidedAccount } from "../config/schema.ts";
import type { StackFile } from "../config/stack-files.ts";
import { backendUrl } from "../config/state-backend.ts";
import type { Answer, Ask } from "../lib/ask.ts";
import type { ShellVariables } from "../lib/shell.ts";
import { progress } from "./progress.ts";

/** What `aws configure export-credentials --format process` prints. */
const Credentials = z.object({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  /** Absent for the keys of an IAM user. */
  SessionToken: z.string().min(1).optional(),
  Expiration: z.string().min(1).optional(),
});

/**
 * Returns the variables with which `pulumi` and `aws` work on one stack: its credentials, its region, and its state
 * backend. The credentials are keys, not a profile: the S3 backend and `awskms://` read no `aws:profile`, and a profile's
 * name in the state or in the committed address of a key breaks everybody else's runs.
 *
 * Without `idp:github.stateBackend` PULUMI_BACKEND_URL is unset: `pulumi login` decides.
 * @param profile AWS CLI profile; the one in the stack's settings, or else the shell's own credentials, if undefined
 * @throws Error that names the fix if the account is undecided, or the credentials are none or of another account
 */
export async function stackShell(
  file: StackFile,
  profile: string | undefined,
  ask: Ask,
): Promise<ShellVariables> {
  const { region, askAws, whose } = await stackAccount(file, profile, ask);
  const { environment } = file;
  const { github } = committed(file);
  const exported = said(
    await askAws("configure", "export-credentials", "--format", "process"),
    `${whose}, for ${environment}`,
    "aws --version, which must be one that has `aws configure export-credentials`",
  );
  const keys = Credentials.parse(JSON.parse(exported));
  const backend = github.stateBackend;
  const variables = {
    AWS_ACCESS_KEY_ID: keys.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
    AWS_SESSION_TOKEN: keys.SessionToken,
    AWS_CREDENTIAL_EXPIRATION: keys.Expiration,
    AWS_REGION: region,
    PULUMI_BACKEND_URL: backend && backendUrl({ bucket: backend.bucket, region }),
  };
  const names = Object.entries(variables);
  return {
    unset: [
      ...["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION"],
      ...names.flatMap(([name, value]) => (value === undefined ? [name] : [])),
    ],
    variables: Object.fromEntries(
      names.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  };
}

/** A stack's account, and `aws` with credentials that are of it. */
export interface StackAccount {
  readonly accountId: string;
  readonly region: string;
  readonly askAws: (...args: readonly string[]) => Promise<Answer>;
  /** The arguments that name the credentials in a command line. */
  readonly flags: readonly string[];
  /** The credentials in words. */
  readonly whose: string;
}

/**
 * Finds credentials of the stack's account.
 * @throws Error that names the fix if the account is undecided, or the credentials are none or of another account
 */
export async function stackAccount(
  file: StackFile,
  profile: string | undefined,
  ask: Ask,
): Promise<StackAccount> {
  const { environment } = file;
  const { aws } = committed(file);
  const accountId = required(file, ({ aws }) => aws.accountId);
  const region = required(file, ({ aws }) => aws.region);
  if (accountId === undecidedAccount) {
    throw new Error(
      `${file.file}: idp:aws.accountId: found ${accountId}, which stands for "not decided". Fix: npx idp init --${environment}-account <number>`,
    );
  }
  const chosen = profile ?? aws.profile;
  const flags = chosen === undefined ? [] : ["--profile", chosen];
  const askAws = (...args: readonly string[]) => ask("aws", [...args, ...flags]);
  const whose = chosen === undefined ? "the shell's credentials" : `profile ${chosen}`;
  const fix = `aws sso login --profile <profile>, then the same with --profile <profile>`;
  progress(`${environment}: asking AWS whose credentials these are`);
  const found = said(
    await askAws("sts", "get-caller-identity", "--query", "Account", "--output", "text"),
    `${whose}, for ${environment}`,
    fix,
  ).trim();
  if (found !== accountId) {
    throw new Error(
      `${whose}: of account ${found}; must be ${accountId}, as in ${file.file}. Fix: ${fix}`,
    );
  }
  return { accountId, region, askAws, flags, whose };
}

function said(answer: Answer, whose: string, fix: string): string {
  if (answer.kind === "said") return answer.text;
  throw new Error(
    answer.kind === "missing"
      ? "aws is not on PATH. Fix: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
      : `${whose}: ${answer.message}. Fix: ${fix}`,
  );
}
