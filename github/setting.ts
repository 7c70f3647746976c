import type { Environment } from "../config/environments.ts";
import type { GithubCall } from "./call.ts";
import type { WantedEnvironment } from "./wanted.ts";

/** A setting of a repository on GitHub, compared with what is wanted. */
export interface Setting {
  readonly about: Environment | "repository";
  readonly name: string;
  /**
   * `unknown`: GitHub does not say. `impossible`: the plan does not give it. `later`: its value is not known yet.
   * `open`: a person has to decide first.
   */
  readonly state: "right" | "wrong" | "unknown" | "impossible" | "later" | "open";
  /** What was found, and what is wanted if that is something else. */
  readonly found: string;
  /** What makes it right, in this order. */
  readonly calls: readonly GithubCall[];
}

/** Who may approve, as GitHub takes it: up to six. */
export interface Reviewer {
  readonly type: "User" | "Team";
  readonly id: number;
}

/** A variable with the value that it should have. */
export interface WantedVariable {
  readonly name: string;
  /** undefined: unknown, because of {@link WantedVariable.why}. */
  readonly value: string | undefined;
  /** Why the value is unknown: `later`, the stack is not there yet; a person may choose one, or must. */
  readonly why?: "later" | "may" | "must";
}

/** What a repository needs. */
export interface Wanted {
  readonly kind: "platform" | "service";
  /** The deployed branch. */
  readonly branch: string;
  readonly environments: readonly WantedEnvironment[];
  /** Who approves what is reviewed. Empty: whoever does so now. */
  readonly reviewers: readonly Reviewer[];
  /** Number of the GitHub App that writes tags to the branch. undefined: whichever may do so now. */
  readonly updaterApp: number | undefined;
  /** Variables of the repository, by the environment that they are about; those of all under "repository". */
  readonly variables: readonly (readonly [Setting["about"], readonly WantedVariable[]])[];
  /** Variables of each environment, by its name. */
  readonly environmentVariables: Readonly<Record<string, readonly WantedVariable[]>>;
}
