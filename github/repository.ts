import { z } from "zod";
import type { Ask } from "../lib/ask.ts";
import { readGithub, type GithubAnswer } from "./read.ts";

/** The part of a repository on GitHub that its settings depend on (REST, "Get a repository"). */
const Repository = z.object({
  id: z.int(),
  owner: z.object({ id: z.int(), login: z.string(), type: z.string() }),
  visibility: z.enum(["public", "private", "internal"]),
  default_branch: z.string(),
  /** What the login that asks may do; absent without a login. */
  permissions: z.object({ admin: z.boolean() }).optional(),
});
/** A repository on GitHub. */
export type Repository = z.infer<typeof Repository>;

/** Reads a repository: `<owner>/<name>`. */
export function readRepository(ask: Ask, repository: string): Promise<GithubAnswer<Repository>> {
  return readGithub(ask, `repos/${repository}`, Repository);
}
