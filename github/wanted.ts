import { environments, type Environment } from "../config/environments.ts";

/** A pattern of branches or tags that an environment lets through. */
interface Pattern {
  readonly name: string;
  readonly type: "branch" | "tag";
}

/** An environment that a repository needs. */
export interface WantedEnvironment {
  readonly name: Environment;
  /** What may deploy to it; nothing else may. */
  readonly patterns: readonly Pattern[];
  /** Whether a person must approve. */
  readonly isReviewed: boolean;
}

/**
 * The jobs that must pass before a merge, as GitHub names their checks. Each is a job of a workflow that runs for every
 * pull request, or a pull request would wait for it for ever.
 */
export const requiredChecks: readonly string[] = [
  "check",
  "service-files",
  "unit-tests",
  "end-to-end",
];

/** Whose actions the workflows use besides GitHub's own. */
export const allowedActions: readonly string[] = [
  "aws-actions/*",
  "docker/*",
  "pulumi/*",
  "sigstore/*",
];

/** Release tags. */
const releases: Pattern = { name: "v*", type: "tag" };

/** Returns the environments of the platform's repository. @param branch the deployed one */
export function platformEnvironments(branch: string): WantedEnvironment[] {
  return environments.map((name) => ({
    name,
    patterns: [{ name: branch, type: "branch" }],
    isReviewed: name === "prod",
  }));
}

/**
 * Returns the environments of a service's repository. A release starts on a tag and first fetches the build from dev, so
 * dev lets release tags through, too. Nobody has to approve: a release deploys nothing.
 * @param branch the repository's default branch
 */
export function serviceEnvironments(branch: string): WantedEnvironment[] {
  return environments.map((name) => ({
    name,
    patterns: name === "dev" ? [{ name: branch, type: "branch" }, releases] : [releases],
    isReviewed: false,
  }));
}
