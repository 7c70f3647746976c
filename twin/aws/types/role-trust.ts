import { AwsError } from "../errors.ts";
import { stringAt } from "../properties.ts";
import { trusts } from "../rules.ts";
import { lastSegment, type Draft } from "../spec.ts";

/** Refuses a role at `path` that does not let the service assume it, as AWS does before it makes what uses the role. */
export function checkTrust(
  { inputs, store }: Draft,
  path: string,
  service: string,
  code = "InvalidParameterException",
): void {
  const roleArn = stringAt(inputs, path);
  if (roleArn === undefined) return;
  const role = store.read("aws:iam/role:Role", lastSegment(roleArn));
  const trust = stringAt(role?.inputs, "assumeRolePolicy");
  if (trust !== undefined && !trusts(trust, service)) {
    throw new AwsError(
      code,
      `Role with arn: ${roleArn}, could not be assumed because the trusted entity is not correct: it does not trust ${service}`,
    );
  }
}
