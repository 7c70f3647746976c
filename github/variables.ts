import type { Environment } from "../config/environments.ts";

/** Where a variable of the workflows gets its value from. */
export type Source =
  | { readonly from: "region" | "backend" }
  /** The role that may push the image of the service. */
  | { readonly from: "publisher" }
  /** An output of the stack. */
  | { readonly from: "output"; readonly output: string }
  /** The label of a runner in the VPC: the stack's own, or a person's, which a private endpoint needs. */
  | { readonly from: "runner" }
  /** A person's choice: it may be left out, and no command can work it out. */
  | { readonly from: "person" };

/** A variable of GitHub Actions that the workflows read. */
export interface Variable {
  readonly name: string;
  readonly source: Source;
}

const output = (name: string): Source => ({ from: "output", output: name });

/** The variables of the platform's repository that belong to a stack, by their names without `_<STACK>`. */
const stackVariables: Readonly<Record<string, Source>> = {
  IDP_REGION: { from: "region" },
  IDP_PREVIEW_ROLE: output("previewRoleArn"),
  IDP_AUDIT_ROLE: output("auditRoleArn"),
  IDP_PROMOTE_ROLE: output("promoteRoleArn"),
  IDP_PROVISION_ROLE: output("provisionRoleArn"),
  // Absent where the stack is kept in Pulumi Cloud.
  IDP_BACKEND: { from: "backend" },
  IDP_RUNNER: { from: "runner" },
};

/** Variables of one stack alone: people sync prod, by prod-sync.yml. */
const ownVariables: Readonly<Partial<Record<Environment, Readonly<Record<string, Source>>>>> = {
  prod: { IDP_SYNC_ROLE: output("syncRoleArn") },
};

/** The variables of the platform's repository that all stacks share. */
export const sharedVariables: Readonly<Record<string, Source>> = {
  IDP_BY_HAND: { from: "person" },
  PULUMI_ORGANIZATION: { from: "person" },
  PULUMI_SCOPE: { from: "person" },
  PULUMI_SCOPE_PREVIEW: { from: "person" },
};

/** Variable of the role that pushes an image: of a repository's only one, or of the one whose call names no other. */
export const publishVariable = "IDP_PUBLISH_ROLE";

/** The variables of each environment in a service's repository. */
export const serviceVariables: Readonly<Record<string, Source>> = {
  IDP_REGION: { from: "region" },
  [publishVariable]: { from: "publisher" },
};

/** Returns a stack's variables with their whole names. */
export function variablesOf(stack: Environment): Variable[] {
  return Object.entries({ ...stackVariables, ...ownVariables[stack] }).map(([name, source]) => ({
    name: `${name}_${stack.toUpperCase()}`,
    source,
  }));
}
