import type { z } from "zod";
import type { Ask } from "../lib/ask.ts";

/** What GitHub's REST API answered. */
export type GithubAnswer<T> =
  | { readonly kind: "read"; readonly value: T }
  /** 404: it is not there, or this login may not see it. GitHub does not say which. */
  | { readonly kind: "absent" }
  /** Anything else, in one line: no `gh`, no login, no permission, an answer of another shape. */
  | { readonly kind: "refused"; readonly why: string };

/**
 * Reads one thing of GitHub's REST API with `gh api`, as whoever is logged in. Never throws.
 * @param path without a leading slash, such as `repos/acme/idp/environments?per_page=100`
 * @param schema the part of the answer that is needed; it should ignore other keys
 */
export function readGithub<T>(
  ask: Ask,
  path: string,
  schema: z.ZodType<T>,
): Promise<GithubAnswer<T>> {
  return read(ask, ["api", path], schema);
}

/**
 * Reads every page of a list. Otherwise like {@link readGithub}.
 * @param schema of one page
 */
export function readGithubPages<T>(
  ask: Ask,
  path: string,
  schema: z.ZodType<T>,
): Promise<GithubAnswer<T[]>> {
  return read(ask, ["api", "--paginate", "--slurp", path], schema.array());
}

async function read<T>(
  ask: Ask,
  args: readonly string[],
  schema: z.ZodType<T>,
): Promise<GithubAnswer<T>> {
  const answer = await ask("gh", args);
  if (answer.kind === "missing") return { kind: "refused", why: "there is no gh to ask" };
  if (answer.kind === "refused") {
    return answer.message.includes("(HTTP 404)")
      ? { kind: "absent" }
      : { kind: "refused", why: answer.message };
  }
  const parsed = schema.safeParse(jsonIn(answer.text));
  if (parsed.success) return { kind: "read", value: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".") ?? "";
  const what = `${where === "" ? "it" : where}: ${issue?.message ?? "unknown"}`;
  return { kind: "refused", why: `gh ${args.join(" ")} answers something else: ${what}` };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
