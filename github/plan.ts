import { z } from "zod";
import type { Ask } from "../lib/ask.ts";
import { readGithub } from "./read.ts";
import type { Repository } from "./repository.ts";

/** A plan of GitHub, as its REST API names it. */
export type Plan = "free" | "pro" | "team" | "enterprise";

const Owner = z.object({ login: z.string(), plan: z.object({ name: z.string() }).optional() });
const plans: readonly string[] = ["free", "pro", "team", "enterprise"] satisfies Plan[];
const isPlan = (name: string): name is Plan => plans.includes(name);

/**
 * Reads the plan of a repository's owner. GitHub shows it to the organisation's owners, and to users their own; undefined
 * for anybody else, and for a plan that is not one of {@link Plan}.
 */
export async function readPlan(ask: Ask, { owner }: Repository): Promise<Plan | undefined> {
  const path = owner.type === "Organization" ? `orgs/${owner.login}` : "user";
  const answer = await readGithub(ask, path, Owner);
  if (answer.kind !== "read" || answer.value.login !== owner.login) return undefined;
  const name = answer.value.plan?.name.toLowerCase() ?? "";
  return isPlan(name) ? name : undefined;
}

/** What a repository can have. */
export interface Given {
  /** Environments with variables and rules on branches. */
  readonly environments: boolean;
  /** Required reviewers of an environment. */
  readonly reviewers: boolean;
  readonly rulesets: boolean;
}

/**
 * Returns what a plan gives a repository; everything, if the plan is unknown: GitHub then refuses by itself.
 *
 * Sources, read on 2026-11-27: docs.github.com, "Deployments and environments" (the notes under each rule) and "About
 * rulesets" (who can use this feature).
 */
export function givenBy(plan: Plan | undefined, visibility: Repository["visibility"]): Given {
  if (visibility === "public" || plan === undefined || plan === "enterprise") {
    return { environments: true, reviewers: true, rulesets: true };
  }
  const isPaid = plan !== "free";
  return { environments: isPaid, reviewers: false, rulesets: isPaid };
}
