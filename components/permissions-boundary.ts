import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { boundary, boundaryName, iamScope, type IamScope } from "./iam-documents.ts";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link PermissionsBoundary}. */
export interface PermissionsBoundaryArgs {
  /** The account. The policy contains its own ARN, which must be known before AWS makes it. */
  readonly accountId: string;
  /** Where the account's stack is kept in S3; the roles of workflows need it. @default Pulumi Cloud keeps it */
  readonly stateBackend?: { readonly bucket: string; readonly keyArn: string } | undefined;
  /** The runner in the VPC, and how it reaches GitHub. @default there is none */
  readonly runner?: { readonly projectName: string; readonly connectionArn: string } | undefined;
}

/** The policy that bounds every role of the account's platform. Costs nothing. */
export class PermissionsBoundary extends pulumi.ComponentResource {
  /** The scope that other policies of the platform refer to; known only once the policy exists. */
  readonly scope: pulumi.Output<IamScope>;

  constructor(name: string, args: PermissionsBoundaryArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.PermissionsBoundary, name, args, opts);

    const { partition } = aws.getPartitionOutput({}, { parent: this });
    const scope = partition.apply((text) =>
      iamScope(text, args.accountId, args.stateBackend, args.runner),
    );
    const policy = new aws.iam.Policy(
      name,
      {
        name: boundaryName,
        description: "The most that any role of the platform can do",
        policy: pulumi.jsonStringify(scope.apply(boundary)),
      },
      { parent: this },
    );
    this.scope = pulumi
      .all([scope, policy.arn])
      .apply(([planned, boundaryArn]) => ({ ...planned, boundaryArn }));

    // The components of awsx and eks make roles that our arguments do not reach. The engine runs this transform for
    // those, too: no role can be forgotten.
    pulumi.runtime.registerResourceTransform(({ type, props, opts: options }) =>
      type === "aws:iam/role:Role"
        ? {
            props: { ...props, permissionsBoundary: policy.arn },
            opts: pulumi.mergeOptions(options, { dependsOn: [policy] }),
          }
        : undefined,
    );

    this.registerOutputs({ scope: this.scope });
  }
}
