import { deployedBranch } from "../workflows.ts";
import type { Origin, Changes } from "./origin.ts";
import type { Value } from "./expressions.ts";

/** What starts a run: the variables that it sets, and the files that path filters compare. */
export interface Event {
  readonly name: "pull_request" | "push" | "schedule" | "workflow_dispatch" | "merge_group";
  /** `GITHUB_REF`. */
  readonly ref: string;
  /** `GITHUB_SHA`. */
  readonly sha: string;
  readonly actor: string;
  /** `GITHUB_BASE_REF` and `GITHUB_HEAD_REF`: set for pull requests alone. */
  readonly baseRef: string;
  readonly headRef: string;
  /** Inputs of a run by hand. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly payload: Readonly<Record<string, Value>>;
  readonly changed: readonly string[];
}

/** The repository's name in all events. */
export const repositoryName = "acme/idp";

const deployed = `refs/heads/${deployedBranch}`;

const onMain = (origin: Origin) => ({
  ref: deployed,
  sha: origin.head(deployedBranch),
  actor: "ann",
  baseRef: "",
  headRef: "",
  inputs: {},
  payload: {},
  changed: [],
});

/** A pull request with one commit, from a branch of the repository, or from a fork. */
export function pullRequest(
  origin: Origin,
  changes: Changes,
  { actor = "ann", author = "ann", from = repositoryName } = {},
): Event {
  const { base, head, merge } = origin.pullRequest(changes);
  return {
    ...onMain(origin),
    name: "pull_request",
    ref: "refs/pull/12/merge",
    sha: merge,
    actor,
    baseRef: deployedBranch,
    headRef: "change",
    payload: {
      action: "synchronize",
      pull_request: {
        number: 12,
        user: { login: author },
        base: { ref: deployedBranch, sha: base },
        head: { ref: "change", sha: head, repo: { full_name: from } },
      },
    },
    changed: origin.changed(base, merge),
  };
}

/** A push of one commit to main. */
export function push(origin: Origin, changes: Changes, subject = "Change"): Event {
  const before = origin.head(deployedBranch);
  const sha = origin.commit(changes, subject);
  return {
    ...onMain(origin),
    name: "push",
    sha,
    payload: { before, after: sha, head_commit: { message: subject } },
    changed: origin.changed(before, sha),
  };
}

/** A push of a tag on main's commit. */
export function tagPush(origin: Origin, tag: string): Event {
  return {
    ...onMain(origin),
    name: "push",
    ref: `refs/tags/${tag}`,
    payload: { before: "0".repeat(40), after: origin.head(deployedBranch) },
  };
}

/** The clock. */
export function schedule(origin: Origin): Event {
  return { ...onMain(origin), name: "schedule", payload: { schedule: "17 4 * * *" } };
}

/** A run that somebody starts by hand. */
export function dispatch(
  origin: Origin,
  inputs: Readonly<Record<string, string>> = {},
  ref = deployed,
): Event {
  return { ...onMain(origin), name: "workflow_dispatch", ref, inputs, payload: { inputs } };
}

/** A group of the merge queue. */
export function mergeGroup(origin: Origin): Event {
  const sha = origin.head(deployedBranch);
  const ref = `refs/heads/gh-readonly-queue/${deployedBranch}/pr-12-0`;
  origin.point(ref, sha);
  return {
    ...onMain(origin),
    name: "merge_group",
    ref,
    payload: { merge_group: { base_ref: deployed, base_sha: sha, head_ref: ref } },
  };
}

/** Whether a filter's patterns match a name: `**` is anything, `*` anything but a slash, `!` takes back. */
function matches(name: string, patterns: readonly string[]): boolean {
  return patterns.reduce((found, pattern) => {
    const source = pattern
      .replace(/^!/, "")
      .replaceAll(/[.+?^$()|[\]{}\\]/g, "\\$&")
      .replaceAll("**", "\0")
      .replaceAll("*", "[^/]*")
      .replaceAll("\0", ".*");
    return new RegExp(`^${source}$`).test(name) ? !pattern.startsWith("!") : found;
  }, false);
}

/** Filters of one trigger of a workflow. */
export interface Filters {
  readonly branches?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly paths?: readonly string[] | undefined;
  readonly "paths-ignore"?: readonly string[] | undefined;
}

/**
 * Whether an event gets through a trigger's filters. Path filters are not asked for tags, and a push whose commit says
 * `[skip actions]` starts nothing.
 */
export function starts(event: Event, filters: Filters): boolean {
  if (event.name === "push" && isSkipped(event)) return false;
  const { branches, tags, paths, "paths-ignore": ignored } = filters;
  const [, kind, name = ""] = /^refs\/(heads|tags|pull)\/(.*)$/.exec(event.ref) ?? [];
  if (event.name === "push" && (branches ?? tags)) {
    if (!matches(name, (kind === "tags" ? tags : branches) ?? [])) return false;
  }
  if (event.name === "pull_request" && branches && !matches(event.baseRef, branches)) return false;
  if (kind === "tags") return true;
  if (paths && !event.changed.some((path) => matches(path, paths))) return false;
  return !(ignored && event.changed.every((path) => matches(path, ignored)));
}

function isSkipped({ payload }: Event): boolean {
  const commit = payload["head_commit"];
  const text =
    typeof commit === "object" && commit !== null && "message" in commit ? commit["message"] : "";
  return (
    typeof text === "string" && /\[(skip (ci|actions)|ci skip|no ci|actions skip)\]/.test(text)
  );
}
