import { AwsError } from "../errors.ts";
import { stringAt, stringsAt } from "../properties.ts";
import { arnOf, between, matching, policy } from "../rules.ts";
import { globalArn, lastSegment, textOf, type Draft, type TypeTable } from "../spec.ts";
import { iamId } from "./ids.ts";
import { managedPolicies } from "./managed-policies.ts";

const role = "aws:iam/role:Role";
const instanceProfile = "aws:iam/instanceProfile:InstanceProfile";
const customPolicy = "aws:iam/policy:Policy";
const managedByAws = /^arn:aws[a-z-]*:iam::aws:policy\//;
const madeHere = /^(?!arn:aws[a-z-]*:iam::aws:policy\/)/;
const path = matching(/^\/([!-~]+\/)?$/, "an IAM path that begins and ends with /");
const wordCharacters = /^[\w+=,.@-]+$/;

/** Refuses managed policies that AWS does not have: a misspelt name, which AWS would refuse too. */
function checkManaged(draft: Draft, property: string): void {
  for (const arn of stringsAt(draft.inputs, property)) {
    const name = arn.replace(managedByAws, "");
    if (managedByAws.test(arn) && !managedPolicies.has(name)) {
      throw new AwsError(
        "NoSuchEntity",
        `Policy ${arn} does not exist or is not attachable. The AWS double knows: ${[...managedPolicies].join(", ")} (twin/aws/types/managed-policies.ts)`,
      );
    }
  }
}

/** Roles, policies and identity providers. */
export const iam: TypeTable = {
  [role]: {
    required: ["assumeRolePolicy"],
    naming: { property: "name", max: 64, pattern: wordCharacters, auto: true },
    documents: ["assumeRolePolicy"],
    rules: {
      assumeRolePolicy: policy("trust", 2048),
      path,
      maxSessionDuration: between(3600, 43200),
      permissionsBoundary: arnOf("iam"),
      description: matching(/^[\s\S]{0,1000}$/, "a description of at most 1000 characters"),
    },
    references: [
      { path: "permissionsBoundary", to: customPolicy, only: madeHere, holds: true },
      { path: "managedPolicyArns", to: customPolicy, only: madeHere },
    ],
    checks: (draft) => {
      checkManaged(draft, "permissionsBoundary");
      checkManaged(draft, "managedPolicyArns");
    },
    taken: "EntityAlreadyExists",
    notFound: "NoSuchEntity",
    inUse: "DeleteConflict",
    replaceOn: ["name", "namePrefix", "path"],
    tags: true,
    idOf: lastSegment,
    // AWS refuses to delete a role that an instance profile holds. The provider takes it out of each before it asks.
    release: (record, _account, store) => {
      for (const profile of store.list(instanceProfile)) {
        if (lastSegment(textOf(profile.inputs, "role")) !== record.id) continue;
        const others = Object.entries(profile.inputs).filter(([key]) => key !== "role");
        store.update({ ...profile, inputs: Object.fromEntries(others) });
      }
      return Promise.resolve();
    },
    defaults: { path: "/", maxSessionDuration: 3600, forceDetachPolicies: false, description: "" },
    computed: (created) => ({
      arn: globalArn(created, "iam", `role${textOf(created.inputs, "path") || "/"}${created.name}`),
      uniqueId: iamId("AROA"),
      createDate: new Date().toISOString(),
    }),
  },

  "aws:iam/rolePolicy:RolePolicy": {
    required: ["role", "policy"],
    naming: { property: "name", max: 128, pattern: wordCharacters, auto: true },
    documents: ["policy"],
    rules: { policy: policy("identity", 10240) },
    references: [{ path: "role", to: role, holds: true }],
    taken: "EntityAlreadyExists",
    replaceOn: ["name", "namePrefix", "role"],
    id: ({ inputs, name }) => `${textOf(inputs, "role")}:${name}`,
  },

  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
    required: ["role", "policyArn"],
    rules: { policyArn: arnOf("iam") },
    references: [
      { path: "role", to: role, holds: true },
      { path: "policyArn", to: customPolicy, only: madeHere, holds: true },
    ],
    checks: (draft) => {
      checkManaged(draft, "policyArn");
    },
    taken: "EntityAlreadyExists",
    replaceOn: ["role", "policyArn"],
    id: ({ inputs }) => `${lastSegment(textOf(inputs, "role"))}/${textOf(inputs, "policyArn")}`,
  },

  [customPolicy]: {
    required: ["policy"],
    naming: { property: "name", max: 128, pattern: wordCharacters, auto: true },
    documents: ["policy"],
    rules: { policy: policy("identity", 6144), path },
    taken: "EntityAlreadyExists",
    notFound: "NoSuchEntity",
    inUse: "DeleteConflict",
    replaceOn: ["name", "namePrefix", "path", "description"],
    tags: true,
    id: (draft) =>
      globalArn(draft, "iam", `policy${textOf(draft.inputs, "path") || "/"}${draft.name}`),
    defaults: { path: "/", description: "" },
    computed: (created) => ({ arn: created.id, policyId: iamId("ANPA"), attachmentCount: 0 }),
  },

  [instanceProfile]: {
    naming: { property: "name", max: 128, pattern: wordCharacters, auto: true },
    rules: { path },
    references: [{ path: "role", to: role }],
    taken: "EntityAlreadyExists",
    replaceOn: ["name", "namePrefix", "path"],
    tags: true,
    defaults: { path: "/" },
    computed: (created) => ({
      arn: globalArn(
        created,
        "iam",
        `instance-profile${textOf(created.inputs, "path") || "/"}${created.name}`,
      ),
      uniqueId: iamId("AIPA"),
      createDate: new Date().toISOString(),
    }),
  },

  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
    required: ["url", "clientIdLists"],
    rules: {
      url: matching(/^https:\/\/[^?#\s]+$/, "an https address without a query"),
      thumbprintLists: matching(/^[0-9a-fA-F]{40}$/, "a SHA-1 thumbprint of 40 hex digits"),
    },
    taken: "EntityAlreadyExists",
    notFound: "NoSuchEntity",
    replaceOn: ["url"],
    tags: true,
    id: (draft) => globalArn(draft, "iam", `oidc-provider/${issuerHost(draft)}`),
    defaults: { thumbprintLists: [] },
    // AWS shows the address without its scheme.
    computed: (created) => ({ arn: created.id, url: issuerHost(created) }),
  },
};

function issuerHost(draft: Draft): string {
  return (stringAt(draft.inputs, "url") ?? "").replace(/^https:\/\//, "").replace(/\/$/, "");
}
