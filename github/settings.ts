import { apiCall, type GithubCall } from "./call.ts";
import { givenBy } from "./plan.ts";
import { appsPast, rulesetSettings } from "./rulesets.ts";
import type { Reviewer, Setting, Wanted, WantedVariable } from "./setting.ts";
import type { EnvironmentState, GithubState, VariableValues } from "./state.ts";
import { allowedActions, type WantedEnvironment } from "./wanted.ts";
import type { GithubAnswer } from "./read.ts";

/** Returns every setting of the repository, in the order in which they should be made. */
export function settingsOf(wanted: Wanted, state: GithubState): Setting[] {
  const { repository } = state;
  const given = givenBy(state.plan, repository.visibility);
  const onPlan = `GitHub ${state.plan ?? ""} gives a ${repository.visibility} repository`;
  return [
    ...wanted.environments.flatMap((environment): Setting[] => {
      const about = environment.name;
      const found = state.environments[about];
      if (!given.environments) {
        return [impossible(about, "GitHub environment", `${onPlan} no environments`)];
      }
      if (found === undefined) return [];
      return [
        rulesOf(state.name, environment, found),
        ...(environment.isReviewed
          ? [
              given.reviewers
                ? reviewersOf(state.name, wanted.reviewers, environment, found)
                : impossible(
                    about,
                    "reviewers",
                    `${onPlan} no required reviewers: whoever may merge may provision ${about}`,
                  ),
            ]
          : []),
        ...variablesOf(
          { about, name: "environment's variables" },
          wanted.environmentVariables[about] ?? [],
          found.variables,
          ["--repo", state.name, "--env", about],
        ),
      ];
    }),
    ...wanted.variables.flatMap(([about, variables]) =>
      variablesOf({ about, name: "variables" }, variables, state.variables, ["--repo", state.name]),
    ),
    ...(given.rulesets
      ? rulesetSettings(wanted, state)
      : [impossible("repository", "rulesets", `${onPlan} no rulesets`)]),
    ...(wanted.kind === "platform"
      ? [...actionsSettings(state), ...runnerSettings(state), appSetting(wanted, state)]
      : []),
  ];
}

const impossible = (about: Setting["about"], name: string, found: string): Setting => ({
  about,
  name,
  state: "impossible",
  found,
  calls: [],
});

function rulesOf(
  repository: string,
  { name, patterns }: WantedEnvironment,
  { environment, policies }: EnvironmentState,
): Setting {
  const about = { about: name, name: "GitHub environment" } as const;
  const path = `repos/${repository}/environments/${name}`;
  const list = `${path}/deployment-branch-policies`;
  const text = patterns.map((pattern) => `${pattern.type} ${pattern.name}`).join(", ");
  if (environment.kind === "refused") return unknown(about, environment.why);
  if (environment.kind === "absent") {
    return {
      ...about,
      state: "wrong",
      found: `missing: the first job that names it makes it without a rule; must allow ${text}`,
      calls: [
        apiCall("PUT", path, environmentBody([])),
        ...patterns.map((pattern) => apiCall("POST", list, pattern)),
      ],
    };
  }
  const isCustom = environment.value.deployment_branch_policy?.custom_branch_policies === true;
  if (policies.kind === "refused") return unknown(about, policies.why);
  const there = isCustom && policies.kind === "read" ? policies.value : [];
  const isSame = (one: { name: string; type: string }, other: { name: string; type: string }) =>
    one.name === other.name && one.type === other.type;
  const missing = patterns.filter((pattern) => !there.some((one) => isSame(one, pattern)));
  const extra = there.filter((one) => !patterns.some((pattern) => isSame(one, pattern)));
  if (isCustom && missing.length === 0 && extra.length === 0) return right(about, text);
  const found = !isCustom
    ? environment.value.deployment_branch_policy
      ? "protected branches"
      : "every branch and tag"
    : there.map((one) => `${one.type} ${one.name}`).join(", ") || "nothing";
  return {
    ...about,
    state: "wrong",
    found: `allows ${found}; must allow ${text}`,
    calls: [
      ...(isCustom
        ? []
        : [apiCall("PUT", path, environmentBody(reviewersThere(environment.value)))]),
      ...missing.map((pattern) => apiCall("POST", list, pattern)),
      ...extra.map(({ id }) => apiCall("DELETE", `${list}/${id}`)),
    ],
  };
}

/** An environment as GitHub takes it. Reviewers are repeated: what a call leaves out is reset. */
function environmentBody(reviewers: readonly Reviewer[]) {
  return {
    // An administrator may still go past it, which is how a team of one approves.
    ...(reviewers.length === 0 ? {} : { prevent_self_review: true, reviewers }),
    deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
  };
}

function reviewersThere(environment: {
  readonly protection_rules: readonly {
    readonly type: string;
    readonly reviewers: readonly {
      readonly type: Reviewer["type"];
      readonly reviewer: { readonly id: number };
    }[];
  }[];
}): Reviewer[] {
  return environment.protection_rules
    .filter(({ type }) => type === "required_reviewers")
    .flatMap(({ reviewers }) => reviewers)
    .map(({ type, reviewer }) => ({ type, id: reviewer.id }));
}

function reviewersOf(
  repository: string,
  reviewers: readonly Reviewer[],
  { name }: WantedEnvironment,
  { environment }: EnvironmentState,
): Setting {
  const about = { about: name, name: "reviewers" } as const;
  if (environment.kind === "refused") return unknown(about, environment.why);
  const there = environment.kind === "read" ? reviewersThere(environment.value) : [];
  const key = ({ type, id }: Reviewer) => `${type} ${id}`;
  const missing = reviewers.filter((one) => !there.some((other) => key(other) === key(one)));
  if (there.length > 0 && missing.length === 0) {
    return right(about, `${there.length} ${there.length === 1 ? "reviewer" : "reviewers"}`);
  }
  if (reviewers.length === 0) {
    return {
      ...about,
      state: "open",
      found: `nobody has to approve what provisions ${name}: name a person or team with --reviewer`,
      calls: [],
    };
  }
  return {
    ...about,
    state: "wrong",
    found: `${there.length} reviewers; ${missing.map(key).join(", ")} must be one`,
    calls: [
      apiCall(
        "PUT",
        `repos/${repository}/environments/${name}`,
        environmentBody([...there, ...missing]),
      ),
    ],
  };
}

type About = Pick<Setting, "about" | "name">;

const right = (about: About, found: string): Setting => ({
  ...about,
  state: "right",
  found,
  calls: [],
});
const unknown = (about: About, why: string): Setting => ({
  ...about,
  state: "unknown",
  found: `cannot be asked: ${why}`,
  calls: [],
});

/** Returns what has another value, what has none yet and what a person must choose; otherwise that all is right. */
function variablesOf(
  about: About,
  wanted: readonly WantedVariable[],
  found: GithubAnswer<VariableValues>,
  flags: readonly string[],
): Setting[] {
  if (wanted.length === 0) return [];
  if (found.kind === "refused") return [unknown(about, found.why)];
  const there = found.kind === "read" ? found.value : {};
  const wrong = wanted.flatMap(({ name, value }) =>
    value === undefined || there[name] === value ? [] : [{ name, value, old: there[name] }],
  );
  const later = wanted.filter(
    ({ name, value, why }) => value === undefined && why === "later" && there[name] === undefined,
  );
  const settings: Setting[] = [
    ...(wrong.length === 0
      ? []
      : [
          {
            ...about,
            state: "wrong" as const,
            found: wrong
              .map(({ name, value, old }) =>
                old === undefined ? `${name} is not set` : `${name} is ${old}; must be ${value}`,
              )
              .join(", "),
            calls: wrong.map(({ name, value }) => ({
              args: ["variable", "set", name, "--body", value, ...flags],
            })),
          },
        ]),
    ...(later.length === 0
      ? []
      : [
          {
            ...about,
            state: "later" as const,
            found: `${later.map(({ name }) => name).join(", ")}: after the first pulumi up`,
            calls: [],
          },
        ]),
  ];
  const must = wanted.filter(({ name, why }) => why === "must" && there[name] === undefined);
  for (const { name } of must) {
    settings.push({
      ...about,
      state: "open",
      found: `${name} is not set: the cluster's API answers in the VPC only, and its jobs need a runner there`,
      calls: [],
    });
  }
  const set = wanted.filter(({ name }) => there[name] !== undefined).length;
  return settings.length > 0 ? settings : [right(about, `${set} set`)];
}

function actionsSettings(state: GithubState): Setting[] {
  const { name, repository } = state;
  const path = `repos/${name}/actions/permissions`;
  return [
    allowedActionsSetting(path, state),
    compare(
      { about: "repository", name: "pull requests by Actions" },
      state.workflow,
      (workflow) =>
        workflow.can_approve_pull_request_reviews &&
        workflow.default_workflow_permissions === "read",
      (workflow) =>
        `${workflow.can_approve_pull_request_reviews ? "allowed" : "forbidden: promote.yml cannot open one"}; a job's token may ${workflow.default_workflow_permissions} by default`,
      "allowed, and a job's token may read by default",
      [
        apiCall("PUT", `${path}/workflow`, {
          default_workflow_permissions: "read",
          can_approve_pull_request_reviews: true,
        }),
      ],
    ),
    // Everybody may call a public repository's workflows.
    ...(repository.visibility === "public"
      ? []
      : [
          compare(
            { about: "repository", name: "access to workflows" },
            state.access,
            ({ access_level }) => access_level !== "none",
            ({ access_level }) => `${access_level}: service repositories cannot call its workflows`,
            repository.owner.type === "Organization" ? "organization" : "user",
            [
              apiCall("PUT", `${path}/access`, {
                access_level: repository.owner.type === "Organization" ? "organization" : "user",
              }),
            ],
          ),
        ]),
  ];
}

/**
 * A runner of one's own, in a public repository: a fork's pull request may change a workflow so that it runs there.
 * GitHub advises against it.
 */
function runnerSettings({ repository, variables }: GithubState): Setting[] {
  const there = variables.kind === "read" ? Object.keys(variables.value) : [];
  const runners = there.filter((name) => name.startsWith("IDP_RUNNER_"));
  return repository.visibility !== "public" || runners.length === 0
    ? []
    : [
        {
          ...{ about: "repository", name: "self-hosted runners", state: "open" },
          found: `the repository is public, and a fork's pull request may run on what ${runners.join(", ")} ${runners.length === 1 ? "names" : "name"}: make it private`,
          calls: [],
        },
      ];
}

/** The app that writes tags: it must be installed, and may write contents. GitHub's API makes and changes no apps. */
function appSetting({ updaterApp }: Wanted, { apps, rulesets }: GithubState): Setting {
  const about = { about: "repository", name: "GitHub App" } as const;
  const number = updaterApp ?? appsPast(rulesets)[0];
  if (number === undefined) {
    return {
      ...about,
      state: "open",
      found:
        "no app may push past the branch's ruleset: docs/runbooks/first-day.md#3-the-github-apps",
      calls: [],
    };
  }
  if (apps.kind !== "read") return unknown(about, apps.kind === "refused" ? apps.why : "404");
  const app = apps.value.find(({ app_id }) => app_id === number);
  const contents = app?.permissions["contents"] ?? "none";
  if (app && contents === "write" && app.suspended_at == null) {
    return right(about, `${app.app_slug}, contents: write`);
  }
  const found = app
    ? `${app.app_slug} ${app.suspended_at == null ? `has contents: ${contents}` : "is suspended"}; must be able to write contents`
    : `the organisation has not installed app ${number}`;
  return { ...about, state: "open", found, calls: [] };
}

function allowedActionsSetting(path: string, { permissions, selected }: GithubState): Setting {
  const about = { about: "repository", name: "allowed actions" } as const;
  if (permissions.kind === "refused") return unknown(about, permissions.why);
  const { enabled, allowed_actions: allowed } =
    permissions.kind === "read"
      ? permissions.value
      : { enabled: false, allowed_actions: undefined };
  const text = `GitHub's own, ${allowedActions.join(", ")}`;
  const choose = apiCall("PUT", path, { enabled: true, allowed_actions: "selected" });
  const name = apiCall("PUT", `${path}/selected-actions`, {
    github_owned_allowed: true,
    verified_allowed: false,
    patterns_allowed: allowedActions,
  });
  if (!enabled || allowed !== "selected") {
    const found = enabled ? `allows ${allowed ?? "something unknown"}` : "Actions is off";
    return {
      ...about,
      state: "wrong",
      found: `${found}; must allow ${text}`,
      calls: [choose, name],
    };
  }
  if (selected.kind === "refused") return unknown(about, selected.why);
  const patterns = selected.kind === "read" ? selected.value.patterns_allowed : [];
  const isOwn = selected.kind === "read" && selected.value.github_owned_allowed;
  const missing = allowedActions.filter((pattern) => !patterns.includes(pattern));
  return isOwn && missing.length === 0
    ? right(about, text)
    : {
        ...about,
        state: "wrong",
        found: `allows ${patterns.join(", ") || "none"}; must allow ${text}`,
        calls: [name],
      };
}

function compare<T>(
  about: About,
  answer: GithubAnswer<T>,
  isRight: (value: T) => boolean,
  text: (value: T) => string,
  wanted: string,
  calls: readonly GithubCall[],
): Setting {
  if (answer.kind === "refused") return unknown(about, answer.why);
  if (answer.kind === "absent") {
    return { ...about, state: "wrong", found: `not set; must be ${wanted}`, calls };
  }
  return isRight(answer.value)
    ? right(about, wanted)
    : { ...about, state: "wrong", found: `${text(answer.value)}; must be ${wanted}`, calls };
}
