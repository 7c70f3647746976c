import type { Resource } from "./rule.ts";
import { at, listOf, parsed, type Step } from "./values.ts";

/** Which inputs of a resource hold IAM documents. */
const documents: Readonly<Record<string, readonly string[]>> = {
  "aws:iam/policy:Policy": ["policy"],
  "aws:iam/rolePolicy:RolePolicy": ["policy"],
  "aws:iam/userPolicy:UserPolicy": ["policy"],
  "aws:iam/groupPolicy:GroupPolicy": ["policy"],
};

/** One statement of an IAM document and the way to it. */
export interface Statement {
  readonly path: readonly Step[];
  readonly value: unknown;
}

/** One element or a list of them, as IAM takes both. */
export function oneOrMore(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? listOf(value) : value === undefined ? [] : [value];
}

/** The statements of a document, which may be JSON text. */
export function statementsOf(document: unknown, path: readonly Step[]): Statement[] {
  const statements = at(parsed(document), "Statement");
  return oneOrMore(statements).map((value, index) => ({
    path: [...path, "Statement", index],
    value,
  }));
}

/** What a resource grants: the statements of its policies, a role's inline ones too. */
export function grantsOf({ type, props }: Resource): Statement[] {
  const inline =
    type === "aws:iam/role:Role"
      ? listOf(props["inlinePolicies"]).flatMap((policy, index) =>
          statementsOf(at(policy, "policy"), ["inlinePolicies", index, "policy"]),
        )
      : [];
  const own = (documents[type] ?? []).flatMap((key) => statementsOf(props[key], [key]));
  return [...own, ...inline].filter(({ value }) => at(value, "Effect") === "Allow");
}
