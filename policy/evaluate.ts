import { finding, type Finding, type Place, type Seen } from "../catalog/finding.ts";
import { isExpired, type Exception } from "./exceptions.ts";
import type { Checks, Context, Face, Faces, Level, Rule, Violation } from "./rule.ts";

/** One thing that rules look at, of one of the given kinds. */
export type Subject<F extends Face = Face, At extends Place | Seen = Place | Seen> = {
  readonly [K in F]: {
    readonly face: K;
    readonly value: Faces[K];
    /** Its kind and name, such as `Deployment time-service`: what an exception names. */
    readonly where: string;
    /** Where a violation of it is shown. */
    readonly at: (violation: Violation) => At;
  };
}[F];

/** What the findings of a rule are, by the rule's level; a disabled one has none. */
const findingLevels = {
  mandatory: "error",
  advisory: "warning",
  disabled: undefined,
} as const satisfies Readonly<Record<Level, Finding["level"] | undefined>>;

/**
 * Everything that is wrong with the subjects, rule by rule, less what is excepted.
 *
 * A violation that depends on a value which is not known yet counts only where the rule refuses such values: the update
 * asks again, and then everything is known.
 *
 * @param context what the rules may know of the stack; its environment decides the rules' levels
 * @param exceptions those of any environment; one that has run out excepts nothing
 */
export function evaluate<F extends Face, At extends Place | Seen>(
  rules: readonly Rule[],
  subjects: readonly Subject<F, At>[],
  context: Context,
  exceptions: readonly Exception[],
  now: Date,
): Finding<At>[] {
  const { environment } = context;
  const current = exceptions.filter(
    (exception) => exception.environment === environment && !isExpired(exception, now),
  );
  return rules.flatMap((rule) => {
    const level = findingLevels[rule.levels[environment]];
    if (level === undefined) return [];
    const { name, severity, reason, fix, unknown } = rule;
    const excepted = current.filter((exception) => exception.rule === name);
    return subjects
      .filter(({ where }) => !excepted.some((exception) => where.startsWith(exception.where)))
      .flatMap((subject) =>
        violationsOf(rule, subject, context)
          .filter(({ isUnknown = false }) => !isUnknown || unknown === "refuse")
          .map((violation) => {
            const { path: key, found, allowed } = violation;
            const what = { rule: name, level, where: subject.where, severity };
            return finding(subject.at(violation), { ...what, key, found, allowed, reason, fix });
          }),
      );
  });
}

/** What one rule says of one subject, known or not, excepted or not. */
function violationsOf<F extends Face>(
  checks: Checks,
  { face, value }: Subject<F>,
  context: Context,
): Violation[] {
  return checks[face]?.(value, context) ?? [];
}
