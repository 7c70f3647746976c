import { parseCidr } from "../../config/cidr.ts";
import { isBag, isList, type Bag, type Json } from "./properties.ts";

/** Checks one known value of a property. @returns what is wrong with it, or undefined */
export type Rule = (value: Json) => string | undefined;

const shown = (value: Json): string => JSON.stringify(value);

/** Accepts the listed values. */
export function oneOf(...allowed: readonly (string | number)[]): Rule {
  return (value) =>
    allowed.some((item) => item === value)
      ? undefined
      : `expected one of ${allowed.join(", ")}, got ${shown(value)}`;
}

/** Accepts a string that matches. */
export function matching(pattern: RegExp, what: string): Rule {
  return (value) =>
    typeof value === "string" && pattern.test(value)
      ? undefined
      : `${shown(value)} is not ${what} (${pattern.source})`;
}

/** Accepts a whole number within limits, both included. */
export function between(min: number, max: number): Rule {
  return (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : `expected a whole number from ${min} to ${max}, got ${shown(value)}`;
}

/** Accepts an IPv4 network whose prefix is within limits, both included. */
export function cidr(min = 0, max = 32): Rule {
  return (value) => {
    const network = typeof value === "string" ? parseCidr(value) : undefined;
    if (network === undefined) {
      return `${shown(value)} is not an IPv4 CIDR that begins with its network's address, like 10.0.0.0/16`;
    }
    return network.prefix >= min && network.prefix <= max
      ? undefined
      : `${shown(value)} has the prefix /${network.prefix}, expected /${min} to /${max}`;
  };
}

/** Accepts an ARN, of one service if `service` is given. */
export function arnOf(service = "[a-z0-9-]+"): Rule {
  return matching(
    new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:(\\d{12}|aws)?:.+$`),
    `an ARN${service.startsWith("[") ? "" : ` of ${service}`}`,
  );
}

/** Accepts tags within AWS's limits: at most 50, keys of 1 to 128 characters without the prefix aws:, values up to 256. */
export const tags: Rule = (value) => {
  if (!isBag(value)) return `expected a map of strings, got ${shown(value)}`;
  const entries = Object.entries(value);
  if (entries.length > 50) return `${entries.length} tags, AWS allows 50`;
  for (const [key, tag] of entries) {
    if (key.length < 1 || key.length > 128)
      return `the key ${shown(key)} must have 1 to 128 characters`;
    if (/^aws:/i.test(key)) return `the key ${shown(key)} begins with aws:, which AWS reserves`;
    if (typeof tag !== "string") return `the value of ${shown(key)} is not a string`;
    if (tag.length > 256) return `the value of ${shown(key)} has more than 256 characters`;
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(tag)) {
      return `the value of ${shown(key)} has characters other than letters, digits, space and _.:/=+-@: ${shown(tag)}`;
    }
  }
  return undefined;
};

/** The kinds of policy document. They differ in whether a statement must name principals and resources. */
type PolicyKind = "identity" | "trust" | "resource" | "repository";

const statementKeys = new Set(
  "Sid Effect Principal NotPrincipal Action NotAction Resource NotResource Condition".split(" "),
);

/**
 * Accepts an IAM policy document as JSON text.
 * @param kind identity: has Resource, no Principal. trust: Principal, no Resource. resource (KMS): both.
 *   repository (ECR): Principal, no Resource.
 * @param limit AWS's quota of characters, not counting white space
 */
export function policy(kind: PolicyKind, limit: number): Rule {
  return (value) => {
    if (typeof value !== "string") return `expected JSON text, got ${shown(value)}`;
    let document: unknown;
    try {
      document = JSON.parse(value);
    } catch (error) {
      return `contains an invalid JSON policy: ${String(error)}`;
    }
    const size = value.replace(/\s/g, "").length;
    if (size > limit) return `the policy has ${size} characters, AWS's quota is ${limit}`;
    if (!isBag(document)) return "contains an invalid JSON policy: not an object";
    const version = document["Version"];
    if (version !== "2012-10-17" && version !== "2008-10-17") {
      return `MalformedPolicyDocument: Version must be 2012-10-17, found ${shown(version ?? null)}`;
    }
    const statements = statementsOf(document);
    if (statements.length === 0) return "MalformedPolicyDocument: there is no Statement";
    for (const [index, statement] of statements.entries()) {
      const problem = checkStatement(statement, kind);
      if (problem !== undefined) return `MalformedPolicyDocument: Statement ${index}: ${problem}`;
    }
    return undefined;
  };
}

/** Returns the statements of a parsed policy document, which may hold a single one without a list. */
export function statementsOf(document: Bag): readonly Json[] {
  const statement = document["Statement"];
  if (statement === undefined || statement === null) return [];
  return isList(statement) ? statement : [statement];
}

function checkStatement(statement: Json, kind: PolicyKind): string | undefined {
  if (!isBag(statement)) return "not an object";
  const strange = Object.keys(statement).filter((key) => !statementKeys.has(key));
  if (strange.length > 0) return `unknown key ${strange.join(", ")}`;
  const effect = statement["Effect"];
  if (effect !== "Allow" && effect !== "Deny") return "Effect must be Allow or Deny";
  const actions = statement["Action"] ?? statement["NotAction"];
  if (actions === undefined) return "Action is missing";
  for (const action of listOf(actions)) {
    if (typeof action !== "string" || !/^(\*|[a-zA-Z0-9-]+:[a-zA-Z*?0-9]+)$/.test(action)) {
      return `the action ${shown(action)} is not of the form service:Action`;
    }
  }
  const hasPrincipal = "Principal" in statement || "NotPrincipal" in statement;
  const hasResource = "Resource" in statement || "NotResource" in statement;
  if (kind === "identity" && hasPrincipal) return "Principal is not allowed in this policy";
  if (kind !== "identity" && !hasPrincipal) return "Principal is missing";
  if ((kind === "identity" || kind === "resource") && !hasResource) return "Resource is missing";
  if ((kind === "trust" || kind === "repository") && hasResource) {
    return "Resource is not allowed in this policy";
  }
  return checkPrincipal(statement["Principal"]);
}

function checkPrincipal(principal: Json | undefined): string | undefined {
  if (principal === undefined || principal === "*") return undefined;
  if (!isBag(principal)) return `the principal ${shown(principal)} is neither "*" nor an object`;
  for (const [kind, values] of Object.entries(principal)) {
    if (!["AWS", "Service", "Federated", "CanonicalUser"].includes(kind)) {
      return `unknown kind of principal ${kind}`;
    }
    for (const value of listOf(values)) {
      if (typeof value !== "string" || !principalForms[kind]?.test(value)) {
        return `${shown(value)} is not a principal of the kind ${kind}`;
      }
    }
  }
  return undefined;
}

const principalForms: Readonly<Record<string, RegExp>> = {
  AWS: /^(\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+)$/,
  Service: /^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/,
  Federated: /^(arn:aws[a-z-]*:iam::\d{12}:(oidc|saml)-provider\/.+|[a-z0-9.-]+)$/,
  CanonicalUser: /^[0-9a-f]+$/,
};

/** Returns a value as a list: policies allow a single value without brackets. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return isList(value) ? value : [value];
}

/** Whether a policy document allows this service's principal. False if the text is not JSON. */
export function trusts(document: string, service: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    return false;
  }
  return (
    isBag(parsed) &&
    statementsOf(parsed).some(
      (statement) =>
        isBag(statement) &&
        statement["Effect"] === "Allow" &&
        (statement["Principal"] === "*" ||
          (isBag(statement["Principal"]) &&
            listOf(statement["Principal"]["Service"]).includes(service))),
    )
  );
}
