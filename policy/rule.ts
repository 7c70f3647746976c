import type { Environment } from "../config/environments.ts";

/** Whether a breach stops a deployment, is only said, or is not looked for. */
export type Level = "mandatory" | "advisory" | "disabled";

/** How bad a breach is; GitHub and the engine show it. */
export type Severity = "low" | "medium" | "high" | "critical";

/** What a rule may know of the stack it judges. Where the settings are not known nothing equals them: rules fail closed. */
export interface Context {
  readonly environment: Environment;
  readonly accountId: string;
  /** Host of the account's own image registry. */
  readonly registryHost: string;
  /** The repository that every Argo CD watches. */
  readonly repositoryUrl: string;
  /** The branch that is deployed. */
  readonly branch: string;
}

/** One place where a rule is broken. */
export interface Violation {
  /** Dotted path inside the subject, such as `spec.syncPolicy.automated`. */
  readonly path: string;
  /** What stands there, as text. */
  readonly found: string;
  /** What may stand there, as "must ...". */
  readonly allowed: string;
  /** Whether what stands there is not known before the update. */
  readonly isUnknown?: boolean;
}

/** A Kubernetes object: of a plan, rendered by the chart, or made by the program's pure functions. */
export type Manifest = Readonly<Record<string, unknown>>;

/** A resource of a plan or of a stack's state. */
export interface Resource {
  /** Pulumi's type token, such as `aws:kms/key:Key`. */
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Whether the engine refuses to delete or replace it. */
  readonly protect: boolean;
}

/** A service's version in one environment, and the one it had before the change under review. */
export interface ServiceVersion {
  readonly tag: string;
  /** The key of the file that names it. */
  readonly key: "image.tag" | "hold.tag";
  /** Undefined for a service that is new, or where there is no base to compare with. */
  readonly before: string | undefined;
  /** The tag in the environment that a release passes through before this one. */
  readonly earlier: string | undefined;
  /** Whether the file says that an older version is meant. */
  readonly isHeld: boolean;
}

/**
 * A promise of the platform, as pure functions: each looks at one kind of subject and says what is wrong with it. A
 * rule has those that it needs; the pack runs them over plans, `idp check` over the repository.
 */
export interface Rule {
  /** The wanted end, in kebab case. */
  readonly name: string;
  /** Why it is wanted, in one sentence. */
  readonly reason: string;
  /** What to do about a breach. */
  readonly fix: string;
  readonly severity: Severity;
  /** Where to read more. */
  readonly link: string;
  /** Defaults; the pack's configuration can say otherwise. */
  readonly levels: Readonly<Record<Environment, Level>>;
  /**
   * What becomes of a value that a preview does not know. `refuse`: it is a breach. `wait`: the update judges it, which
   * knows every input before it makes the resource.
   */
  readonly unknown: "refuse" | "wait";
  /** Looks at a Kubernetes object. */
  readonly manifest?: (manifest: Manifest, context: Context) => Violation[];
  /** Looks at any resource. */
  readonly resource?: (resource: Resource, context: Context) => Violation[];
  /** Looks at all resources of a stack at once. */
  readonly stack?: (resources: readonly Resource[], context: Context) => Violation[];
  /** Looks at an object that the chart renders, for its Pod. */
  readonly workload?: (manifest: Manifest, context: Context) => Violation[];
  /** Looks at all objects that a service gets. */
  readonly release?: (manifests: readonly Manifest[], context: Context) => Violation[];
  /** Looks at a stack's committed settings. */
  readonly settings?: (settings: unknown, context: Context) => Violation[];
  /** Looks at a service's version. */
  readonly version?: (version: ServiceVersion, context: Context) => Violation[];
}

/** The same level everywhere. */
export const everywhere = { dev: "mandatory", staging: "mandatory", prod: "mandatory" } as const;
/** Prod's own promises; the others are not bothered. */
export const prodOnly = { dev: "disabled", staging: "disabled", prod: "mandatory" } as const;

/**
 * What of a rule's violations counts now: those that hang on a value which is not known yet only where the rule refuses
 * such values. An update asks again, then everything is known.
 */
export function judged({ unknown }: Rule, violations: readonly Violation[]): Violation[] {
  return violations.filter(({ isUnknown = false }) => !isUnknown || unknown === "refuse");
}

/** A violation as one sentence. */
export function sentence({ path, found, allowed }: Violation): string {
  return `${path === "" ? "" : `${path}: `}found ${found}; ${allowed}`;
}
