import { shellQuoted } from "../lib/shell.ts";

/** A call of `gh` that changes something. */
export interface GithubCall {
  readonly args: readonly string[];
  /** Sent as JSON on standard input. */
  readonly input?: unknown;
}

/** Returns a call of GitHub's REST API. */
export function apiCall(
  method: "DELETE" | "POST" | "PUT",
  path: string,
  input?: unknown,
): GithubCall {
  const args = ["api", "--silent", "-X", method, path];
  return input === undefined ? { args } : { args: [...args, "--input", "-"], input };
}

/** Returns the call as one line of a POSIX shell. */
export function callLine({ args, input }: GithubCall): string {
  const call = ["gh", ...args].map(shellQuoted).join(" ");
  return input === undefined ? call : `printf %s ${shellQuoted(JSON.stringify(input))} | ${call}`;
}
