/** The platform's rules as a pack of Pulumi's own library: what policy/server.ts is measured against. */
import policy from "@pulumi/policy";
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import { policiesOf, type Policy } from "../../../policy/pack.ts";
import { environmentOf, fromPlan, isUnjudged } from "../../../policy/plan.ts";
import { platformOf } from "../../../policy/platform.ts";
import { rules } from "../../../policy/rules/index.ts";
import { entriesOf } from "../../../policy/values.ts";

const policies = policiesOf(rules, platformOf(allConfig()), [], new Date());

new policy.PolicyPack("idp", {
  description: "The platform's rules over a plan",
  enforcementLevel: "mandatory",
  policies: policies.map(asLibraryPolicy),
});

function asLibraryPolicy(
  own: Policy,
): policy.ResourceValidationPolicy | policy.StackValidationPolicy {
  const base = {
    name: own.name,
    description: own.description,
    enforcementLevel: own.level,
    severity: own.severity,
    remediationSteps: own.fix,
  };
  const { resource, stack } = own;
  if (stack) {
    return {
      ...base,
      validateStack: ({ resources }, say) => {
        const environment = environmentOf(resources[0]?.urn ?? "");
        if (!own.held.includes(environment)) return;
        for (const message of stack(resources.filter(isJudged).map(asResource), environment))
          say(message);
      },
    };
  }
  return {
    ...base,
    validateResource: (args, say) => {
      const environment = environmentOf(args.urn);
      if (!resource || !own.held.includes(environment) || !isJudged(args)) return;
      for (const message of resource(asResource(args), environment)) say(message);
    },
  };
}

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly props: Record<string, unknown>;
  readonly opts: { readonly protect: boolean };
}

function isJudged({ type }: Registered): boolean {
  return !isUnjudged(type);
}

function asResource({ type, name, props, opts }: Registered) {
  // What stands behind the library's proxy, which throws at the sight of an unknown value.
  const target: unknown = props["__getSpecialProxyTarget"];
  const plain = Object.fromEntries(
    entriesOf(target ?? props).map(([key, value]) => [key, fromPlan(value)]),
  );
  return { type, name, props: plain, protect: opts.protect };
}
