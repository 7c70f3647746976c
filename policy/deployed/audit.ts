import { finding, type Finding, type Seen } from "../../catalog/finding.ts";
import type { Environment } from "../../config/environments.ts";
import type { SubjectAt } from "../doors.ts";
import { evaluate } from "../evaluate.ts";
import { expiredExceptions, type Exception } from "../exceptions.ts";
import type { Context, Manifest, Resource, Rule } from "../rule.ts";
import { objectName, resourceSubjects, stackSubject } from "../subjects.ts";
import type { Change } from "./changes.ts";
import { undeclaredIn, type LiveObject } from "./undeclared.ts";

/**
 * Something that an audit found. Its rule is `drift` for what differs from the stack's state, `pending` for what the
 * program would change, `unread` and `gone` for what Argo CD says of its own objects.
 */
export type AuditFinding = Finding<Seen & { readonly environment: Environment }>;

/** What an audit knows of an environment as it is. */
export interface Deployed {
  /** What the stack's state holds. */
  readonly resources: readonly Resource[];
  /** Where the resources are no longer as the state has them. */
  readonly drift: readonly Change[];
  /** What the program would change in the state. */
  readonly pending: readonly Change[];
  /** What cannot read the service files. */
  readonly unread: readonly Change[];
  /** What was synced, and is gone. */
  readonly gone: readonly Change[];
  /** Objects in the cluster that rules judge, made by the stack or not. */
  readonly objects: readonly Manifest[];
  /** Everything in Argo CD's namespace, by name. */
  readonly inNamespace: readonly LiveObject[];
}

/** How a finding without a rule explains itself. */
const differences = {
  drift: {
    seen: "refresh",
    allowed: "must be as the stack made it",
    reason: "Somebody or something changed it beside the program: nobody reviewed that.",
    fix: (environment: Environment) =>
      `pulumi up --refresh -s ${environment} puts it back; what should stay goes into the program first`,
  },
  pending: {
    seen: "state",
    allowed: "must be as the program says",
    reason: "What is deployed is not what the program says.",
    fix: (environment: Environment) =>
      `run the workflow provision.yml for ${environment}, or pulumi up -s ${environment}`,
  },
  unread: {
    seen: "cluster",
    allowed: "must read all service files of its folder",
    reason: "No service appears or goes, and a new hold keeps no update from its file.",
    fix: (environment: Environment) =>
      `mend the file that it names, then npx idp refresh ${environment}`,
  },
  gone: {
    seen: "cluster",
    allowed: "must be there as long as git has it",
    reason: "Somebody deleted the namespace, or objects in it: the service does not run.",
    fix: (environment: Environment, where: string) =>
      `npx idp sync ${where.split("/").at(-1) ?? ""} ${environment} makes it again`,
  },
} as const;

/** Everything that is wrong with an environment as it is: the rules it breaks, then where it differs from git. */
export function auditFindings(
  rules: readonly Rule[],
  { resources, drift, pending, unread, gone, objects, inNamespace }: Deployed,
  context: Context,
  exceptions: readonly Exception[],
  now: Date,
): AuditFinding[] {
  const { environment } = context;
  const inState = () => ({ seen: "state", environment }) as const;
  const inCluster = () => ({ seen: "cluster", environment }) as const;
  const subjects: readonly SubjectAt<"audit", ReturnType<typeof inState | typeof inCluster>>[] = [
    ...resources.flatMap((resource) => resourceSubjects(resource, inState)),
    stackSubject(resources, environment, inState),
    ...objects.map((value) => ({
      ...{ face: "manifest" as const, value, where: objectName(value), at: inCluster },
    })),
    ...undeclaredIn(inNamespace, resources).map((value) => ({
      ...{ face: "undeclared" as const, value, where: objectName(value), at: inCluster },
    })),
  ];
  const differing = (rule: keyof typeof differences, changes: readonly Change[]) =>
    changes.map(({ where, message }): AuditFinding => {
      const { seen, allowed, reason, fix } = differences[rule];
      return finding(
        { seen, environment },
        {
          rule,
          where,
          key: "",
          found: message,
          allowed,
          message,
          reason,
          fix: fix(environment, where),
        },
      );
    });
  return [
    ...evaluate(rules, subjects, context, exceptions, now),
    ...expiredExceptions(exceptions, environment, now, inState),
    ...differing("drift", drift),
    ...differing("pending", pending),
    ...differing("unread", unread),
    ...differing("gone", gone),
  ];
}
