/**
 * Roles of IAM Identity Center, which makes one in an account for each permission set that is assigned there. Their ARNs
 * have a path; EKS refuses an access entry whose ARN lacks it, as aws-auth once wanted it.
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
 */

/** Path of such roles in IAM, for `aws iam list-roles --path-prefix`. */
export const identityCenterPath = "/aws-reserved/sso.amazonaws.com/";

/** `aws-reserved/sso.amazonaws.com/<region>/AWSReservedSSO_<set>_<suffix>`; there is no region where it is us-east-1. */
const withPath =
  /^aws-reserved\/sso\.amazonaws\.com\/([a-z]{2}(-[a-z]+)+-\d\/)?AWSReservedSSO_([\w+=,.@-]+)_[0-9a-f]{16}$/;

/** Whether a role, as an ARN has it after `role/`, is one of Identity Center's that lacks its path or a part of it. */
export function lacksIdentityCenterPath(role: string): boolean {
  const isReserved = /(^|\/)AWSReservedSSO_[^/]*$/.test(role) || role.startsWith("aws-reserved/");
  return isReserved && !withPath.test(role);
}

/** Returns the permission set of a role, as an ARN has it after `role/`; undefined if it is none of Identity Center's. */
export function permissionSetOf(role: string): string | undefined {
  return withPath.exec(role)?.[3];
}
