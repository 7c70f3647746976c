import type { ResourceType, TypeTable } from "../spec.ts";
import { cloudwatch } from "./cloudwatch.ts";
import { codebuild } from "./codebuild.ts";
import { ec2 } from "./ec2.ts";
import { ecr } from "./ecr.ts";
import { eks } from "./eks.ts";
import { iam } from "./iam.ts";
import { kms } from "./kms.ts";

/** Every resource type that the AWS double plays. */
export const types: TypeTable = {
  ...ec2,
  ...eks,
  ...iam,
  ...kms,
  ...ecr,
  ...cloudwatch,
  ...codebuild,
};

/** Returns a token's type. @throws Error that says where to add a type that the double does not play */
export function typeOf(token: string): ResourceType {
  const type = types[token];
  if (type !== undefined) return type;
  throw new Error(
    `The AWS double does not play the resource type ${token}. It plays: ${Object.keys(types).sort().join(", ")}. ` +
      `Fix: add an entry to twin/aws/types/${token.split(":")[1]?.split("/")[0] ?? ""}.ts`,
  );
}
