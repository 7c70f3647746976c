import type { Environment } from "../../config/environments.ts";
import { isExcepted, type Exception } from "../exceptions.ts";
import { isUnjudged, manifestOf } from "../plan.ts";
import {
  judged,
  sentence,
  type Context,
  type Manifest,
  type Resource,
  type Rule,
  type Violation,
} from "../rule.ts";
import { at, textOf } from "../values.ts";
import type { Change } from "./changes.ts";

/** Something that an audit found. */
export interface AuditFinding {
  /** A rule's name; `drift` for what differs from the stack's state, `pending` for what the program would change. */
  readonly rule: string;
  /** An error fails the audit; a warning is for a person to judge. */
  readonly level: "error" | "warning";
  /** What was looked at: the stack's state, its resources as they are now, or the cluster's API. */
  readonly seen: "state" | "refresh" | "cluster";
  readonly environment: Environment;
  /** Type and name of a resource; kind, namespace and name of an object in the cluster. */
  readonly where: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
  readonly reason: string;
  readonly fix: string;
}

/** What an audit knows of an environment as it is. */
export interface Deployed {
  /** What the stack's state holds. */
  readonly resources: readonly Resource[];
  /** Where the resources are no longer as the state has them. */
  readonly drift: readonly Change[];
  /** What the program would change in the state. */
  readonly pending: readonly Change[];
  /** Objects in the cluster that rules judge, made by the stack or not. */
  readonly objects: readonly Manifest[];
}

/** How a finding without a rule explains itself. */
const differences = {
  drift: {
    reason: "Somebody or something changed it beside the program: nobody reviewed that.",
    fix: (environment: Environment) =>
      `pulumi up --refresh -s ${environment} puts it back; what should stay goes into the program first`,
  },
  pending: {
    reason: "What is deployed is not what the program says.",
    fix: (environment: Environment) =>
      `run the workflow provision-${environment}, or pulumi up -s ${environment}`,
  },
} as const;

/** Everything that is wrong with an environment as it is: the rules it breaks, then where it differs from git. */
export function auditFindings(
  rules: readonly Rule[],
  { resources, drift, pending, objects }: Deployed,
  context: Context,
  exceptions: readonly Exception[],
  now: Date,
): AuditFinding[] {
  const { environment } = context;
  const differing = (rule: keyof typeof differences, changes: readonly Change[]) =>
    changes.map(({ where, message }): AuditFinding => {
      const { reason, fix } = differences[rule];
      const seen = rule === "drift" ? "refresh" : "state";
      return {
        ...{ rule, level: "error", seen, environment, where },
        ...{ message, reason, fix: fix(environment) },
      };
    });
  const broken = rules.flatMap((rule) => {
    const level = rule.levels[environment];
    if (level === "disabled") return [];
    const findings = (
      seen: AuditFinding["seen"],
      where: string,
      violations: readonly Violation[],
    ): AuditFinding[] =>
      isExcepted(exceptions, { rule: rule.name, environment, where }, now)
        ? []
        : judged(rule, violations).map((one) => ({
            rule: rule.name,
            level: level === "mandatory" ? "error" : "warning",
            ...{ seen, environment, where, message: sentence(one) },
            ...{ reason: rule.reason, fix: rule.fix },
          }));
    return [
      ...resources
        .filter(({ type }) => !isUnjudged(type))
        .flatMap((resource) => {
          const manifest = manifestOf(resource);
          return findings("state", `${resource.type} ${resource.name}`, [
            ...(rule.resource?.(resource, context) ?? []),
            ...(manifest ? (rule.manifest?.(manifest, context) ?? []) : []),
          ]);
        }),
      ...findings("state", "stack", rule.stack?.(resources, context) ?? []),
      ...objects.flatMap((object) =>
        findings("cluster", nameOf(object), rule.manifest?.(object, context) ?? []),
      ),
    ];
  });
  return [...broken, ...differing("drift", drift), ...differing("pending", pending)];
}

/** `Application argocd/time-service`. */
function nameOf(object: Manifest): string {
  const [namespace, name] = ["namespace", "name"].map((key) => textOf(at(object, "metadata", key)));
  return `${textOf(object["kind"])} ${[namespace, name].filter(Boolean).join("/")}`;
}

/** One finding as a person reads it: place, what looked, rule and sentence, then why and the fix. */
export function formatAuditFinding(finding: AuditFinding): string {
  const { where, level, rule, seen, message, reason, fix } = finding;
  return `${where} (${seen}) ${level} ${rule}: ${message}\n    Why: ${reason}\n    Fix: ${fix}`;
}
