import { z } from "zod";
import { apiCall } from "./call.ts";
import type { Setting, Wanted } from "./setting.ts";
import type { GithubState, Ruleset } from "./state.ts";
import { requiredChecks } from "./wanted.ts";

/** GitHub Actions' number as an app: a check counts only if Actions made it. */
const githubActions = 15368;

const branchRulesetName = "idp: deployed branch";

interface WantedRuleset {
  readonly name: string;
  readonly target: "branch" | "tag";
  readonly include: string;
  readonly rules: readonly Rule[];
  /** Whether the updater's app must be able to push past it. */
  readonly isPushedByApp: boolean;
}

function branchRuleset(branch: string): WantedRuleset {
  return {
    name: branchRulesetName,
    target: "branch",
    include: `refs/heads/${branch}`,
    rules: [
      { type: "deletion" },
      { type: "non_fast_forward" },
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 1,
          dismiss_stale_reviews_on_push: true,
          require_code_owner_review: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
        },
      },
      {
        type: "required_status_checks",
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: requiredChecks.map((context) => ({
            context,
            integration_id: githubActions,
          })),
        },
      },
    ],
    isPushedByApp: true,
  };
}

/** A release is what its tag says: no tag moves. */
const tagRuleset: WantedRuleset = {
  name: "idp: release tags",
  target: "tag",
  include: "refs/tags/v*",
  rules: [{ type: "deletion" }, { type: "non_fast_forward" }, { type: "update" }],
  isPushedByApp: false,
};

/** Returns the rulesets of a repository as settings: the platform's deployed branch, and every repository's release tags. */
export function rulesetSettings(wanted: Wanted, state: GithubState): Setting[] {
  const rulesets =
    wanted.kind === "platform" ? [branchRuleset(wanted.branch), tagRuleset] : [tagRuleset];
  return rulesets.map((ruleset) => rulesetSetting(ruleset, wanted.updaterApp, state));
}

function rulesetSetting(
  wanted: WantedRuleset,
  app: number | undefined,
  { name: repository, rulesets }: GithubState,
): Setting {
  const about = { about: "repository", name: `ruleset ${wanted.target}` } as const;
  if (rulesets.kind === "refused") {
    return { ...about, state: "unknown", found: `cannot be asked: ${rulesets.why}`, calls: [] };
  }
  const there =
    rulesets.kind === "read" ? rulesets.value.find(({ name }) => name === wanted.name) : undefined;
  const apps = there ? appsOf(there) : [];
  if (wanted.isPushedByApp && app === undefined && apps.length === 0) {
    return {
      ...about,
      state: "open",
      found:
        "no app may push past it, and Image Updater pushes tags: name the number of its GitHub App with --updater-app",
      calls: [],
    };
  }
  const lacks = [
    ...lacking(wanted, there),
    ...(wanted.isPushedByApp && app !== undefined && !apps.includes(app)
      ? [`app ${app} may not push past it`]
      : []),
  ];
  if (lacks.length === 0) {
    return { ...about, state: "right", found: `${wanted.name}: ${wanted.include}`, calls: [] };
  }
  const path = `repos/${repository}/rulesets`;
  const body = {
    name: wanted.name,
    target: wanted.target,
    enforcement: "active",
    bypass_actors: [
      ...(there?.bypass_actors ?? []),
      ...(wanted.isPushedByApp && app !== undefined && !apps.includes(app)
        ? [{ actor_id: app, actor_type: "Integration", bypass_mode: "always" }]
        : []),
    ],
    conditions: { ref_name: { include: [wanted.include], exclude: [] } },
    rules: merged(there?.rules ?? [], wanted.rules),
  };
  return {
    ...about,
    state: "wrong",
    found: lacks.join(", "),
    calls: [there ? apiCall("PUT", `${path}/${there.id}`, body) : apiCall("POST", path, body)],
  };
}

function appsOf({ bypass_actors }: Ruleset): number[] {
  return bypass_actors.flatMap(({ actor_id, actor_type, bypass_mode }) =>
    actor_type === "Integration" && bypass_mode === "always" && actor_id != null ? [actor_id] : [],
  );
}

/** Returns the numbers of the apps that may push past the ruleset of the deployed branch. */
export function appsPast(rulesets: GithubState["rulesets"]): number[] {
  return rulesets.kind === "read"
    ? rulesets.value.filter(({ name }) => name === branchRulesetName).flatMap(appsOf)
    : [];
}

/** Returns in words what a ruleset lacks. More or stricter rules are fine. */
function lacking(wanted: WantedRuleset, there: Ruleset | undefined): string[] {
  if (there === undefined) return [`there is no ruleset "${wanted.name}" for ${wanted.include}`];
  const names = (there.conditions?.ref_name.include ?? []).includes(wanted.include);
  const types = there.rules.map(({ type }) => type);
  const checks = checksOf(there.rules).map(({ context }) => context);
  return [
    ...(there.enforcement === "active" ? [] : [`it is ${there.enforcement}; must be active`]),
    ...(names && there.conditions?.ref_name.exclude.length === 0
      ? []
      : [`it must be for ${wanted.include}`]),
    ...wanted.rules.flatMap(({ type }) => (types.includes(type) ? [] : [`it lacks ${type}`])),
    ...(types.includes("required_status_checks")
      ? checksOf(wanted.rules)
          .filter(({ context }) => !checks.includes(context))
          .map(({ context }) => `it does not require ${context}`)
      : []),
  ];
}

type Rule = {
  readonly type: string;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
};

const Checks = z.object({
  required_status_checks: z.array(z.looseObject({ context: z.string() })),
});

function checksOf(rules: readonly Rule[]) {
  return rules.flatMap(({ type, parameters }) =>
    type === "required_status_checks"
      ? (Checks.safeParse(parameters).data?.required_status_checks ?? [])
      : [],
  );
}

/** Returns what the ruleset has, with what it lacks: its own numbers and further checks stay. */
function merged(there: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  const types = there.map(({ type }) => type);
  const checks = checksOf(there);
  const contexts = checks.map(({ context }) => context);
  return [
    ...there.map(({ type, parameters }) =>
      type === "required_status_checks"
        ? {
            type,
            parameters: {
              ...parameters,
              required_status_checks: [
                ...checks,
                ...checksOf(wanted).filter(({ context }) => !contexts.includes(context)),
              ],
            },
          }
        : { type, ...(parameters ? { parameters } : {}) },
    ),
    ...wanted.filter(({ type }) => !types.includes(type)),
  ];
}
