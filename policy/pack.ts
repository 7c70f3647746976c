import type {
  PolicyConfigSchema,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { environments, type Environment } from "../config/environments.ts";
import { exceptionsFile, isExcepted, isExpired, type Exception } from "./exceptions.ts";
import { behindProxy, environmentOf, isSchema, manifestOf } from "./plan.ts";
import type { Platform } from "./platform.ts";
import { judged, sentence, type Level, type Resource, type Rule, type Violation } from "./rule.ts";

/** The policies of a pack, of both sorts. */
type Policy = ResourceValidationPolicy | StackValidationPolicy;

/** The levels that look at all, and what they add to a rule's name: a policy of the engine has one level. */
const suffixes = { mandatory: "", advisory: "-advice" } as const satisfies Partial<
  Record<Level, string>
>;

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
  // A policy over the whole stack costs time; without an exception that has run out there is nothing to say.
  const hasExpired = exceptions.some((exception) => isExpired(exception, now));
  return [...policies, ...(hasExpired ? [expiry(exceptions, now)] : [])];
}

function policiesAt(
  rule: Rule,
  level: keyof typeof suffixes,
  held: readonly Environment[],
  platform: Platform,
  exceptions: readonly Exception[],
  now: Date,
): Policy[] {
  const { resource, manifest, stack } = rule;
  const base = {
    name: `${rule.name}${suffixes[level]}`,
    description: rule.reason,
    enforcementLevel: level,
    severity: rule.severity,
    remediationSteps: rule.mend,
    url: rule.link.startsWith("https:") ? rule.link : undefined,
    configSchema: configSchema(held),
  };
  const report = (
    say: ReportViolation,
    environment: Environment,
    where: string,
    violations: readonly Violation[],
  ) => {
    if (isExcepted(exceptions, { rule: rule.name, environment, where }, now)) return;
    for (const violation of judged(rule, violations)) {
      say(`${sentence(violation)}\n    Fix: ${rule.mend}`);
    }
  };
  return [
    ...(resource || manifest
      ? [
          {
            ...base,
            validateResource: (args: Parameters<ResourceCheck>[0], say: ReportViolation) => {
              const environment = environmentOf(args.urn);
              if (!environmentsIn(args.getConfig(), held).includes(environment)) return;
              const context = { ...platform, environment };
              if (isSchema(args.type)) return;
              const subject = asResource(args);
              const object = manifest && manifestOf(subject);
              report(say, environment, `${args.type} ${args.name}`, [
                ...(resource?.(subject, context) ?? []),
                ...(object ? manifest(object, context) : []),
              ]);
            },
          },
        ]
      : []),
    ...(stack
      ? [
          {
            ...base,
            // One name, one policy: a rule with both faces has its second under another.
            name: `${base.name}${resource || manifest ? "-in-stack" : ""}`,
            validateStack: (args: Parameters<StackCheck>[0], say: ReportViolation) => {
              const [first] = args.resources;
              const environment = environmentOf(first?.urn ?? "");
              if (!environmentsIn(args.getConfig(), held).includes(environment)) return;
              const subjects = args.resources.filter(({ type }) => !isSchema(type)).map(asResource);
              report(say, environment, "stack", stack(subjects, { ...platform, environment }));
            },
          },
        ]
      : []),
  ];
}

type ResourceCheck = Exclude<
  NonNullable<ResourceValidationPolicy["validateResource"]>,
  readonly unknown[]
>;
type StackCheck = StackValidationPolicy["validateStack"];

/** What the engine's arguments and its stack's resources have in common. */
interface Registered {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
  readonly opts: { readonly protect: boolean };
}

function asResource({ type, name, props, opts }: Registered): Resource {
  return { type, name, props: behindProxy(props), protect: opts.protect };
}

/** `environments` in a policy's configuration says where it holds, instead of the rule. */
function configSchema(held: readonly Environment[]): PolicyConfigSchema {
  return {
    properties: {
      environments: {
        type: "array",
        items: { type: "string", enum: [...environments] },
        default: [...held],
        description: "Where the rule holds.",
      },
    },
  };
}

function environmentsIn(config: object, held: readonly Environment[]): readonly unknown[] {
  const configured: unknown = Reflect.get(config, "environments");
  return Array.isArray(configured) ? (configured as unknown[]) : held;
}

function expiry(exceptions: readonly Exception[], now: Date): StackValidationPolicy {
  return {
    name: "exceptions-are-current",
    description: "An exception ends on the day that was agreed on.",
    enforcementLevel: "mandatory",
    severity: "high",
    remediationSteps: `mend what was excepted, or agree on another day in policy/${exceptionsFile}`,
    validateStack: ({ resources }, say) => {
      const environment = environmentOf(resources[0]?.urn ?? "");
      for (const exception of exceptions) {
        if (exception.environment !== environment || !isExpired(exception, now)) continue;
        say(
          `${exception.rule} for ${exception.where}: found its last day ${exception.until}; must not be past` +
            `\n    Fix: ask ${exception.owner}; mend it, or write another day in policy/${exceptionsFile}`,
        );
      }
    },
  };
}
