import { createHash } from "node:crypto";
import { all, interpolate, type Output } from "@pulumi/pulumi/output.js";
import { ComponentResource, type Resource } from "@pulumi/pulumi/resource.js";
import * as aws from "../aws-sdk.ts";

/** A role that an AWS service assumes, and its AWS-managed policies. */
interface ServiceRoleArgs {
  readonly service: string;
  readonly description?: string;
  readonly assumeRoleActions: readonly string[];
  /** Names of AWS-managed policies. */
  readonly policies: readonly string[];
  readonly partition: Output<string>;
}

/** `eks:index:ServiceRole`: the role and one attachment per policy. */
export class ServiceRole extends ComponentResource {
  /** The role, possibly before its policies are attached. */
  readonly directRole: aws.Role;
  /** The role, known once all its policies are attached. A cluster must wait for this one. */
  readonly resolvedRole: Output<aws.Role>;

  constructor(name: string, args: ServiceRoleArgs, parent: Resource) {
    super("eks:index:ServiceRole", name, {}, { parent });
    const role = new aws.Role(
      `${name}-role`,
      {
        description: args.description,
        assumeRolePolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            {
              Action: args.assumeRoleActions,
              Effect: "Allow",
              Principal: { Service: [args.service] },
            },
          ],
        }),
      },
      { parent: this },
    );
    const attachments = args.policies.map(
      (policy) =>
        new aws.RolePolicyAttachment(
          `${name}-${hash(`arn:aws:iam::aws:policy/${policy}`)}`,
          { role, policyArn: interpolate`arn:${args.partition}:iam::aws:policy/${policy}` },
          { parent: this },
        ),
    );
    this.directRole = role;
    this.resolvedRole = all([role.arn, ...attachments.map(({ id }) => id)]).apply(() => role);
    this.registerOutputs({ directRole: this.directRole, resolvedRole: this.resolvedRole });
  }
}

/** Returns the eight hex digits that identify a policy in a resource's name. */
function hash(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}
