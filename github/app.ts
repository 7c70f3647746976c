import { z } from "zod";
import type { Ask } from "../lib/ask.ts";
import { readGithub, type GithubAnswer } from "./read.ts";
import type { Repository } from "./repository.ts";

const Installations = z.object({
  installations: z.array(
    z.object({
      app_id: z.int(),
      app_slug: z.string(),
      permissions: z.record(z.string(), z.string()),
      suspended_at: z.string().nullish(),
    }),
  ),
});
/** A GitHub App of an organisation. */
export type Installation = z.infer<typeof Installations>["installations"][number];

/** Reads the apps of the repository's organisation. Only its owners may; users' own apps cannot be listed. */
export async function readInstallations(
  ask: Ask,
  { owner }: Repository,
): Promise<GithubAnswer<readonly Installation[]>> {
  if (owner.type !== "Organization") {
    return {
      kind: "refused",
      why: `GitHub lists an organisation's apps only, not ${owner.login}'s`,
    };
  }
  const path = `orgs/${owner.login}/installations?per_page=100`;
  const answer = await readGithub(ask, path, Installations);
  return answer.kind === "read" ? { kind: "read", value: answer.value.installations } : answer;
}
