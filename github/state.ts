import { z } from "zod";
import type { Ask } from "../lib/ask.ts";
import { readInstallations, type Installation } from "./app.ts";
import { readPlan, type Plan } from "./plan.ts";
import { readGithub, readGithubPages, type GithubAnswer } from "./read.ts";
import type { Repository } from "./repository.ts";

/** Who may approve a job of an environment. */
const Reviewer = z.object({
  type: z.enum(["User", "Team"]),
  reviewer: z.object({ id: z.int(), login: z.string().optional(), slug: z.string().optional() }),
});
const Rule = z.object({ type: z.string(), reviewers: z.array(Reviewer).default([]) });

/** REST, "Get an environment". */
const Environment = z.object({
  name: z.string(),
  protection_rules: z.array(Rule).default([]),
  /** null: every branch and tag. */
  deployment_branch_policy: z
    .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
    .nullish(),
});
const Policies = z.object({
  branch_policies: z.array(
    z.object({ id: z.int(), name: z.string(), type: z.enum(["branch", "tag"]).default("branch") }),
  ),
});
const Variables = z.object({
  variables: z.array(z.object({ name: z.string(), value: z.string() })),
});

/** REST, "Get a repository ruleset". */
const Ruleset = z.object({
  id: z.int(),
  name: z.string(),
  target: z.string().optional(),
  enforcement: z.string(),
  /** Shown to who may write the ruleset only. */
  bypass_actors: z
    .array(
      z.object({
        actor_id: z.int().nullish(),
        actor_type: z.string(),
        bypass_mode: z.string(),
      }),
    )
    .default([]),
  conditions: z
    .object({ ref_name: z.object({ include: z.array(z.string()), exclude: z.array(z.string()) }) })
    .optional(),
  rules: z
    .array(z.object({ type: z.string(), parameters: z.looseObject({}).optional() }))
    .default([]),
});
/** A repository's ruleset on GitHub. */
export type Ruleset = z.infer<typeof Ruleset>;

const Permissions = z.object({ enabled: z.boolean(), allowed_actions: z.string().optional() });
const Selected = z.object({
  github_owned_allowed: z.boolean().default(false),
  patterns_allowed: z.array(z.string()).default([]),
});
const Workflow = z.object({
  default_workflow_permissions: z.string(),
  can_approve_pull_request_reviews: z.boolean(),
});
const Access = z.object({ access_level: z.string() });

/** An environment on GitHub. */
export interface EnvironmentState {
  readonly environment: GithubAnswer<z.infer<typeof Environment>>;
  readonly policies: GithubAnswer<z.infer<typeof Policies>["branch_policies"]>;
  readonly variables: GithubAnswer<VariableValues>;
}
/** Values of variables by their names. */
export type VariableValues = Readonly<Record<string, string>>;

/** What GitHub has of a repository's settings. */
export interface GithubState {
  readonly name: string;
  readonly repository: Repository;
  readonly plan: Plan | undefined;
  readonly apps: GithubAnswer<readonly Installation[]>;
  readonly environments: Readonly<Record<string, EnvironmentState>>;
  readonly variables: GithubAnswer<VariableValues>;
  readonly rulesets: GithubAnswer<readonly Ruleset[]>;
  readonly permissions: GithubAnswer<z.infer<typeof Permissions>>;
  readonly selected: GithubAnswer<z.infer<typeof Selected>>;
  readonly workflow: GithubAnswer<z.infer<typeof Workflow>>;
  readonly access: GithubAnswer<z.infer<typeof Access>>;
}

/**
 * Reads the settings of a repository, with one call each.
 * @param name `<owner>/<name>`
 */
export async function readState(
  ask: Ask,
  name: string,
  repository: Repository,
  environments: readonly string[],
): Promise<GithubState> {
  const at = `repos/${name}`;
  const actions = `${at}/actions/permissions`;
  const [plan, apps, variables, rulesets, permissions, selected, workflow, access, ...states] =
    await Promise.all([
      readPlan(ask, repository),
      readInstallations(ask, repository),
      readVariables(ask, `${at}/actions/variables`),
      readRulesets(ask, `${at}/rulesets`),
      readGithub(ask, actions, Permissions),
      readGithub(ask, `${actions}/selected-actions`, Selected),
      readGithub(ask, `${actions}/workflow`, Workflow),
      readGithub(ask, `${actions}/access`, Access),
      ...environments.map((environment) => readEnvironment(ask, at, environment)),
    ]);
  return {
    name,
    repository,
    plan,
    apps,
    environments: Object.fromEntries(
      states.map(({ environment, ...state }, index) => [
        environments[index] ?? "",
        { environment, ...state },
      ]),
    ),
    variables,
    rulesets,
    permissions,
    selected,
    workflow,
    access,
  };
}

async function readEnvironment(ask: Ask, at: string, name: string): Promise<EnvironmentState> {
  const path = `${at}/environments/${name}`;
  const [environment, policies, variables] = await Promise.all([
    readGithub(ask, path, Environment),
    readGithub(ask, `${path}/deployment-branch-policies?per_page=100`, Policies),
    readVariables(ask, `${path}/variables`),
  ]);
  return { environment, policies: mapped(policies, (page) => page.branch_policies), variables };
}

async function readVariables(ask: Ask, path: string): Promise<GithubAnswer<VariableValues>> {
  const pages = await readGithubPages(ask, `${path}?per_page=30`, Variables);
  return mapped(pages, (all) =>
    Object.fromEntries(
      all.flatMap((page) => page.variables).map(({ name, value }) => [name, value]),
    ),
  );
}

/** The list leaves out the rules: each ruleset is read by itself. */
async function readRulesets(ask: Ask, path: string): Promise<GithubAnswer<readonly Ruleset[]>> {
  const list = await readGithub(
    ask,
    `${path}?includes_parents=false&per_page=100`,
    z.array(z.object({ id: z.int() })),
  );
  if (list.kind !== "read") return list;
  const each = await Promise.all(
    list.value.map(({ id }) => readGithub(ask, `${path}/${id}`, Ruleset)),
  );
  const unread = each.find((answer) => answer.kind !== "read");
  if (unread !== undefined) return unread;
  return {
    kind: "read",
    value: each.flatMap((answer) => (answer.kind === "read" ? [answer.value] : [])),
  };
}

function mapped<T, U>(answer: GithubAnswer<T>, change: (value: T) => U): GithubAnswer<U> {
  return answer.kind === "read" ? { kind: "read", value: change(answer.value) } : answer;
}
