import { z } from "zod";
import type { Ask } from "../lib/ask.ts";
import { readGithub, type GithubAnswer } from "./read.ts";

/** How the subject of a repository's tokens begins. */
export type Subject =
  /** As GitHub has it: `repo:` and this name, `<owner>/<name>` or `<owner>@<id>/<name>@<id>`. */
  | { readonly kind: "default"; readonly repository: string }
  /** Somebody chose other claims for it: no role of this platform lets such a token in. */
  | { readonly kind: "customised"; readonly claims: readonly string[] };

/**
 * A repository's customisation (REST, "Get the customization template for an OIDC subject claim for a repository"). The
 * last two keys came with the subjects that have ids, in April 2026.
 */
const Customisation = z.object({
  use_default: z.boolean(),
  include_claim_keys: z.array(z.string()).optional(),
  use_immutable_subject: z.boolean().nullish(),
  sub_claim_prefix: z.string().nullish(),
});

const Names = z.object({
  full_name: z.string(),
  id: z.int(),
  owner: z.object({ id: z.int() }),
});

/** Asks GitHub how the tokens of a repository's jobs name it: the form, and the case. @param repository `<owner>/<name>` */
export async function readSubject(ask: Ask, repository: string): Promise<GithubAnswer<Subject>> {
  const path = `repos/${repository}`;
  const [names, customisation] = await Promise.all([
    readGithub(ask, path, Names),
    readGithub(ask, `${path}/actions/oidc/customization/sub`, Customisation),
  ]);
  if (names.kind !== "read") return names;
  if (customisation.kind !== "read") return customisation;
  const { use_default, include_claim_keys, use_immutable_subject, sub_claim_prefix } =
    customisation.value;
  if (!use_default) {
    // Without claims of its own it has the organisation's, which may be GitHub's: that cannot be told from here.
    const claims = include_claim_keys ?? ["the organisation's"];
    return { kind: "read", value: { kind: "customised", claims } };
  }
  const { full_name, id, owner } = names.value;
  const withIds = full_name.replace("/", `@${owner.id}/`) + `@${id}`;
  const told = /^repo:([^:]+):?$/.exec(sub_claim_prefix ?? "")?.[1];
  const name = told ?? (use_immutable_subject === true ? withIds : full_name);
  return { kind: "read", value: { kind: "default", repository: name } };
}
