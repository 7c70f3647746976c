import { environments, type Environment } from "../config/environments.ts";
import { exceptionsFile, isExcepted, isExpired, type Exception } from "./exceptions.ts";
import { environmentOf, isUnjudged, manifestOf } from "./plan.ts";
import type { Platform } from "./platform.ts";
import {
  judged,
  sentence,
  type Level,
  type Resource,
  type Rule,
  type Severity,
  type Violation,
} from "./rule.ts";

/** A rule as the engine knows it. A policy of the engine has one level and one subject, so a rule may be several. */
export interface Policy {
  readonly name: string;
  readonly description: string;
  /** Its level where nothing is configured. */
  readonly level: Active;
  readonly severity: Severity;
  readonly fix: string;
  /** Where to read more, on the web. */
  readonly url: string | undefined;
  /** Where it holds, where nothing is configured. */
  readonly held: readonly Environment[];
  /** What is wrong with a resource, in sentences. */
  readonly resource?: (resource: Resource, environment: Environment) => string[];
  /** What is wrong with a stack as a whole. */
  readonly stack?: (resources: readonly Resource[], environment: Environment) => string[];
}

/** The levels that look at all. */
export type Active = Exclude<Level, "disabled">;

/** What a level adds to a rule's name: a policy of the engine has one level. */
const suffixes: Readonly<Record<Active, string>> = { mandatory: "", advisory: "-advice" };

/** What the engine was told of a policy by `--policy-pack-config`. */
export interface PolicyConfig {
  readonly level: Level;
  /** The environments in which it holds instead of its own; checked by the engine against {@link configSchema}. */
  readonly environments: readonly unknown[] | undefined;
}

/** The configuration of policies, by their names. */
export type PackConfig = ReadonlyMap<string, PolicyConfig>;

/** A resource as the engine registers it. */
export interface Registered extends Resource {
  readonly urn: string;
}

/** A breach, as the engine is told of it. */
export interface Breach {
  readonly policy: Policy;
  readonly level: Active;
  readonly message: string;
}

/** The rules as the engine's policies, and one that fails when an exception has run out. */
export function policiesOf(
  rules: readonly Rule[],
  platform: Platform,
  exceptions: readonly Exception[],
  now: Date,
): Policy[] {
  const policies = rules.flatMap((rule) =>
    (["mandatory", "advisory"] as const).flatMap((level) => {
      const held = environments.filter((environment) => rule.levels[environment] === level);
      return held.length === 0 ? [] : policiesAt(rule, level, held, platform, exceptions, now);
    }),
  );
  const hasExpired = exceptions.some((exception) => isExpired(exception, now));
  return [...policies, ...(hasExpired ? [expiry(exceptions, now)] : [])];
}

/** What the policies say of a resource. */
export function breachesOf(
  policies: readonly Policy[],
  config: PackConfig,
  resource: Registered,
): Breach[] {
  if (isUnjudged(resource.type)) return [];
  return atWork(policies, config, environmentOf(resource.urn), (policy, environment) =>
    policy.resource?.(resource, environment),
  );
}

/** What the policies say of a stack as a whole. */
export function stackBreachesOf(
  policies: readonly Policy[],
  config: PackConfig,
  resources: readonly Registered[],
): Breach[] {
  const subjects = resources.filter(({ type }) => !isUnjudged(type));
  return atWork(policies, config, environmentOf(resources[0]?.urn ?? ""), (policy, environment) =>
    policy.stack?.(subjects, environment),
  );
}

/** Asks the policies that are not disabled and hold in an environment. */
function atWork(
  policies: readonly Policy[],
  config: PackConfig,
  environment: Environment,
  ask: (policy: Policy, environment: Environment) => readonly string[] | undefined,
): Breach[] {
  return policies.flatMap((policy) => {
    const { level, environments: held } = config.get(policy.name) ?? {
      level: policy.level,
      environments: undefined,
    };
    if (level === "disabled" || !(held ?? policy.held).includes(environment)) return [];
    return (ask(policy, environment) ?? []).map((message) => ({ policy, level, message }));
  });
}

function policiesAt(
  rule: Rule,
  level: Active,
  held: readonly Environment[],
  platform: Platform,
  exceptions: readonly Exception[],
  now: Date,
): Policy[] {
  const { resource, manifest, stack, fix, severity } = rule;
  const base = {
    name: `${rule.name}${suffixes[level]}`,
    description: rule.reason,
    url: rule.link.startsWith("https:") ? rule.link : undefined,
    ...{ level, severity, fix, held },
  };
  const said = (environment: Environment, where: string, violations: readonly Violation[]) =>
    isExcepted(exceptions, { rule: rule.name, environment, where }, now)
      ? []
      : judged(rule, violations).map((violation) => `${sentence(violation)}\n    Fix: ${fix}`);
  const ofResource = (subject: Resource, environment: Environment) => {
    const context = { ...platform, environment };
    const object = manifest && manifestOf(subject);
    return said(environment, `${subject.type} ${subject.name}`, [
      ...(resource?.(subject, context) ?? []),
      ...(object ? manifest(object, context) : []),
    ]);
  };
  return [
    ...(resource || manifest ? [{ ...base, resource: ofResource }] : []),
    ...(stack
      ? [
          {
            ...base,
            // One name, one policy: a rule with both faces has its second under another.
            name: `${base.name}${resource || manifest ? "-in-stack" : ""}`,
            stack: (subjects: readonly Resource[], environment: Environment) =>
              said(environment, "stack", stack(subjects, { ...platform, environment })),
          },
        ]
      : []),
  ];
}

/** `environments` in a policy's configuration says where it holds, instead of the rule. As JSON Schema's properties. */
export function configSchema({ held }: Policy) {
  return {
    environments: {
      type: "array",
      items: { type: "string", enum: [...environments] },
      default: [...held],
      description: "Where the rule holds.",
    },
  };
}

function expiry(exceptions: readonly Exception[], now: Date): Policy {
  return {
    name: "exceptions-are-current",
    description: "An exception ends on the day that was agreed on.",
    level: "mandatory",
    severity: "high",
    fix: `correct what was excepted, or agree on another day in policy/${exceptionsFile}`,
    url: undefined,
    held: environments,
    stack: (_resources, environment) =>
      exceptions
        .filter((one) => one.environment === environment && isExpired(one, now))
        .map(
          ({ rule, where, until, owner }) =>
            `${rule} for ${where}: found its last day ${until}; must not be past` +
            `\n    Fix: ask ${owner}; correct it, or write another day in policy/${exceptionsFile}`,
        ),
  };
}
