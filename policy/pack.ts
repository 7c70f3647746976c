import type {
  ResourceValidation,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { z } from "zod";
import { formatFinding, type Finding, type Seen } from "../catalog/finding.ts";
import { environments, type Environment } from "../config/environments.ts";
import { doors, type SubjectAt } from "./doors.ts";
import { evaluate } from "./evaluate.ts";
import { expiredExceptions, type Exception } from "./exceptions.ts";
import { environmentOf, inputsOf } from "./plan.ts";
import type { Platform } from "./platform.ts";
import type { Level, Resource, Rule } from "./rule.ts";
import { resourceSubjects, stackSubject } from "./subjects.ts";

/** A policy that looks at each resource before it is made or changed, and at the stack as a whole. */
export interface Policy extends ResourceValidationPolicy, StackValidationPolicy {
  readonly validateResource: ResourceValidation;
}

/** The levels that look at all. */
type Active = Exclude<Level, "disabled">;

/** What a policy is for: all the rules that have its level. */
const descriptions: Readonly<Record<Active, string>> = {
  mandatory: "What a plan must not do. The rules: policy/README.md",
  advisory: "What a person should judge in a plan. The rules: policy/README.md",
};

const inPlan = (): Seen => ({ seen: "plan" });

/**
 * The rules as policies of the engine, one for each level. The library decodes a resource's inputs once for every policy,
 * so a policy runs all the rules of its level.
 */
export function policiesOf(
  rules: readonly Rule[],
  platform: Platform,
  exceptions: readonly Exception[],
  now: Date,
): Policy[] {
  const planned = rules.filter((rule) => doors.pack.some((face) => rule[face]));
  const policyAt = (level: Active): Policy => {
    const findingsOf = (
      environment: Environment,
      config: object,
      subjects: readonly SubjectAt<"pack", Seen>[],
    ): Finding<Seen>[] => {
      const context = { ...platform, environment };
      return evaluate(rulesAt(planned, level, config), subjects, context, exceptions, now);
    };
    return {
      name: level,
      description: descriptions[level],
      enforcementLevel: level,
      configSchema: { properties: configProperties(planned, level) },
      validateResource: (args, report) => {
        const subjects = resourceSubjects(resourceOf(args), inPlan);
        const findings = findingsOf(environmentOf(args.urn), args.getConfig(), subjects);
        for (const one of findings) report(textOf(one));
      },
      validateStack: (args, report) => {
        const environment = environmentOf(args.resources[0]?.urn ?? "");
        const stack = stackSubject(args.resources.map(resourceOf), environment, inPlan);
        const expired =
          level === "mandatory" ? expiredExceptions(exceptions, environment, now, inPlan) : [];
        const findings = [...findingsOf(environment, args.getConfig(), [stack]), ...expired];
        for (const one of findings) report(textOf(one));
      },
    };
  };
  return [policyAt("mandatory"), policyAt("advisory")];
}

/** A resource as the library hands it over. Its inputs are read when a rule looks at them. */
function resourceOf({
  type,
  name,
  props,
  opts,
}: Pick<Resource, "type" | "name" | "props"> & {
  readonly opts: Pick<Resource, "protect">;
}): Resource {
  let inputs: Resource["props"] | undefined;
  return {
    type,
    name,
    protect: opts.protect,
    get props() {
      return (inputs ??= inputsOf(props));
    },
  };
}

const Config = z.record(z.string(), z.array(z.enum(environments)));

/**
 * The rules that hold at a level: each where the configuration says so, or else where the rule does.
 * @throws Error when the configuration names a rule that there is not
 */
function rulesAt(rules: readonly Rule[], level: Active, config: object): Rule[] {
  const configured = Config.parse(config);
  const unknown = Object.keys(configured).filter((key) => !rules.some(({ name }) => name === key));
  if (unknown.length > 0) {
    throw new Error(
      `the policy pack's configuration of "${level}": found ${unknown.join(", ")}; must be rules that look at plans. ` +
        "Fix: take the names from policy/README.md",
    );
  }
  return rules.map((rule) => {
    const held: readonly Environment[] = configured[rule.name] ?? heldAt(rule, level);
    const at = (environment: Environment) => (held.includes(environment) ? level : "disabled");
    return { ...rule, levels: { dev: at("dev"), staging: at("staging"), prod: at("prod") } };
  });
}

/** Where a rule has a level by itself. */
function heldAt({ levels }: Rule, level: Active): Environment[] {
  return environments.filter((environment) => levels[environment] === level);
}

/** A policy's configuration: for each rule the environments in which it has the policy's level, as JSON Schema. */
function configProperties(rules: readonly Rule[], level: Active) {
  return Object.fromEntries(
    rules.map((rule) => [
      rule.name,
      {
        type: "array" as const,
        items: { type: "string" as const, enum: [...environments] },
        default: heldAt(rule, level),
        description: rule.reason,
      },
    ]),
  );
}

function textOf(finding: Finding<Seen>): string {
  const { severity } = finding;
  return `${formatFinding(finding)}${severity === undefined ? "" : `\n    Severity: ${severity}`}`;
}
