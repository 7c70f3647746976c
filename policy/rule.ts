import type { Committed } from "../config/committed.ts";
import type { Environment } from "../config/environments.ts";
import type { SettingKey } from "./setting-key.ts";

/** Whether a breach stops a deployment, is only said, or is not looked for. */
export type Level = "mandatory" | "advisory" | "disabled";

/** How bad a breach is. */
type Severity = "low" | "medium" | "high" | "critical";

/** What a rule may know of the stack it judges. Settings that are not known equal nothing: rules fail closed. */
export interface Context {
  readonly environment: Environment;
  readonly accountId: string;
  /** Host of the account's own image registry. */
  readonly registryHost: string;
  /** The repository that every Argo CD watches. */
  readonly repositoryUrl: string;
  /** The branch that is deployed. */
  readonly branch: string;
  /** The stack's settings, as far as they are right: what makes it differ from other stacks. */
  readonly settings: Committed;
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

/** A Kubernetes object: of a plan, in a cluster, or rendered by the chart. */
export type Manifest = Readonly<Record<string, unknown>>;

/** A resource of a plan, of a stack's state, or as the program registers it. */
export interface Resource {
  /** Pulumi's type token, such as `aws:kms/key:Key`. */
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  /** Whether the engine refuses to delete or replace it. */
  readonly protect: boolean;
}

/** A service's version in one environment, and the one it had before the change under review. */
interface ServiceVersion {
  readonly tag: string;
  /** The key of the file that names it. */
  readonly key: "image.tag" | "hold.tag";
  /** Undefined for a service that is new, or where there is no base to compare with. */
  readonly before: string | undefined;
  /** The newest tag that passed through the environment before this one. */
  readonly earlier: string | undefined;
  /** Whether the file says that an older version is meant. */
  readonly isHeld: boolean;
}

/** The kinds of subject that rules look at, and what each one is. */
export interface Faces {
  /** A Kubernetes object. */
  readonly manifest: Manifest;
  /** Any resource. */
  readonly resource: Resource;
  /** All resources of a stack at once. */
  readonly stack: readonly Resource[];
  /** An object that the chart renders, for its Pod. */
  readonly workload: Manifest;
  /** All objects that a service gets. */
  readonly release: readonly Manifest[];
  /** A stack's committed settings, as far as they are right. */
  readonly settings: Committed;
  /** A service's version. */
  readonly version: ServiceVersion;
  /** An object in Argo CD's namespace that neither the stack nor anything accepted there made. */
  readonly undeclared: Manifest;
}

/** One of the kinds of subject. */
export type Face = keyof Faces;

/** What is wrong with a subject, by its kind. */
export type Checks = {
  readonly [F in Face]?: (subject: Faces[F], context: Context) => Violation[];
};

/**
 * A promise of the platform, as pure functions: each looks at one kind of subject and says what is wrong with it. A
 * rule has those that it needs; doors.ts says where each kind is looked at.
 */
export interface Rule extends Checks {
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
   * What happens to a value that a preview does not know. `refuse`: it is a breach. `wait`: the update judges it, which
   * knows every input before it makes the resource.
   */
  readonly unknown: "refuse" | "wait";
  /**
   * Settings of other rules that break this one, too, such as `argoCd.sync`. Each setting is judged by one rule; while
   * that one reports it, `idp check` does not report what follows from it here.
   */
  readonly follows?: readonly SettingKey[];
}

/** The same level everywhere. */
export const everywhere = { dev: "mandatory", staging: "mandatory", prod: "mandatory" } as const;
/** Prod's own promises, which do not bind the others. */
export const prodOnly = { dev: "disabled", staging: "disabled", prod: "mandatory" } as const;
