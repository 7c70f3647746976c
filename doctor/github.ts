import type { Environment } from "../config/environments.ts";
import { backendUrl } from "../config/state-backend.ts";
import { environments } from "../config/environments.ts";
import { undecidedAccount } from "../config/schema.ts";
import { appsPast } from "../github/rulesets.ts";
import { platformNeeds, type StackFacts } from "../github/needs.ts";
import { readRepository } from "../github/repository.ts";
import type { Setting } from "../github/setting.ts";
import { settingsOf } from "../github/settings.ts";
import { readState } from "../github/state.ts";
import type { Ask } from "../lib/ask.ts";
import { bypassCheck, readerCheck, repositoryCheck, skipped, type Check } from "./checks.ts";

/** The settings of a stack that GitHub's settings depend on. */
export interface GithubFacts {
  readonly accountId: string;
  readonly region: string;
  readonly publicAccessCidrs: readonly string[];
  readonly stateBackend: { readonly bucket: string } | undefined;
  readonly hasApp: boolean;
  readonly writer: { readonly appId: string } | undefined;
}

/**
 * Returns the checks of the platform's repository on GitHub: whether it is there, and every setting that
 * `idp github setup` makes. Values of roles are not compared: that needs the stacks' outputs.
 */
export async function githubChecks(
  name: string,
  branch: string,
  stacks: readonly { readonly environment: Environment; readonly facts: GithubFacts }[],
  ask: Ask,
): Promise<Check[]> {
  const repository = await readRepository(ask, name);
  const first = repositoryCheck(name, repository);
  if (repository.kind !== "read") return [first];
  const writers = stacks.flatMap(({ facts: { writer } }) => (writer ? [Number(writer.appId)] : []));
  const needs = platformNeeds(branch, stacks.map(stackFacts), {
    reviewers: [],
    updaterApp: writers[0],
  });
  const state = await readState(ask, name, repository.value, environments);
  return [
    first,
    ...(repository.value.visibility === "public"
      ? []
      : stacks.map(({ environment, facts }) => readerCheck(environment, facts))),
    ...settingsOf(needs, state).map(settingCheck),
    ...bypassCheck(writers, appsPast(state.rulesets)),
  ];
}

function stackFacts({
  environment,
  facts: { accountId, region, publicAccessCidrs, stateBackend },
}: {
  readonly environment: Environment;
  readonly facts: GithubFacts;
}): StackFacts {
  return {
    environment,
    isDecided: accountId !== undecidedAccount,
    region,
    isPrivate: publicAccessCidrs.length === 0,
    backend: stateBackend && backendUrl({ bucket: stateBackend.bucket, region }),
    outputs: undefined,
    publishRoles: {},
  };
}

/** Returns a setting of GitHub as a check. */
function settingCheck({ about, name, state, found }: Setting): Check {
  switch (state) {
    case "right":
      return { about, name, status: "ok", found };
    case "unknown":
      return skipped({ about, name }, found);
    case "impossible":
      return {
        ...{ about, name, status: "warning", found },
        fix: "docs/workflows.md#what-each-plan-gives says what to do without",
      };
    case "later":
      return {
        ...{ about, name, status: "warning", found },
        fix: "npx idp github setup --apply, once the stack is there",
      };
    case "open":
      return { about, name, status: "failed", found, fix: fixes[name] ?? "npx idp github setup" };
    case "wrong":
      return { about, name, status: "failed", found, fix: "npx idp github setup, then --apply" };
  }
}

/** What a person decides, by the name of the setting. */
const fixes: Readonly<Record<string, string>> = {
  reviewers: "npx idp github setup --reviewer <user or organisation/team> --apply",
  "ruleset branch": "npx idp github setup --updater-app <number> --apply",
  "GitHub App": "docs/runbooks/first-day.md#3-the-github-apps",
  "self-hosted runners": "docs/workflows.md#variables",
  variables: "gh variable set <variable> --body <label of the runner>: docs/workflows.md#variables",
};
