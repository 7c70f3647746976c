import { expect } from "chai";
import { rolesOfPermissionSets } from "../../cli/permission-sets.ts";
import { undecidedAccount } from "../../config/schema.ts";

const account = (accountId: string) => ({ accountId, region: "us-west-2" });
const accounts = {
  dev: account("210000000001"),
  staging: account("210000000002"),
  prod: account(undecidedAccount),
};
const role = (set: string, suffix: string) =>
  `aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_${set}_${suffix}`;
const roles: Readonly<Record<string, readonly string[]>> = {
  "acme-dev": [
    `arn:aws:iam::210000000001:role/${role("Admins", "0123456789abcdef")}`,
    `arn:aws:iam::210000000001:role/${role("Admins_EU", "1123456789abcdef")}`,
  ],
  "acme-staging": [`arn:aws:iam::210000000002:role/${role("Admins", "fedcba9876543210")}`],
  "acme-empty": [],
};
const list = (profile: string) => Promise.resolve(roles[profile] ?? expect.fail(profile));

/** Returns what the look-up says when it fails. */
async function refusal(set: string, profiles: Record<string, string>): Promise<string> {
  try {
    await rolesOfPermissionSets([set], profiles, accounts, list);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
}

describe("idp init --admin-permission-set", () => {
  it("finds the role of each account that has a profile, and of no other permission set", async () => {
    const profiles = { dev: "acme-dev", staging: "acme-staging" };
    expect(await rolesOfPermissionSets(["Admins"], profiles, accounts, list)).to.deep.equal({
      dev: [role("Admins", "0123456789abcdef")],
      staging: [role("Admins", "fedcba9876543210")],
    });
  });

  it("asks nothing of an account that is not decided, nor without a permission set", async () => {
    const profiles = { dev: "acme-dev", prod: "nobody" };
    expect(await rolesOfPermissionSets(["Admins_EU"], profiles, accounts, list)).to.deep.equal({
      dev: [role("Admins_EU", "1123456789abcdef")],
    });
    expect(await rolesOfPermissionSets([], { dev: "nobody" }, accounts, list)).to.deep.equal({});
  });

  it("wants a profile of a decided account", async () => {
    expect(await refusal("Admins", { prod: "acme-prod" })).to.equal(
      "idp init: --admin-permission-set is looked up in each account, and no decided account has a profile. " +
        "Fix: add --profile dev=<profile of the AWS CLI>",
    );
  });

  it("names the permission sets that are there if the wanted one is not", async () => {
    expect(await refusal("Admin", { dev: "acme-dev" })).to.equal(
      `idp init: dev's account 210000000001 has no role of permission set "Admin"; there are: Admins, Admins_EU. ` +
        "Fix: assign the set to the account in IAM Identity Center",
    );
    expect(await refusal("Admins", { dev: "acme-empty" })).to.include("there are: none. Fix:");
  });

  it("refuses a profile of another account", async () => {
    expect(await refusal("Admins", { dev: "acme-staging" })).to.equal(
      "idp init: profile acme-staging is of account 210000000002, dev is 210000000001. Fix: --profile dev=<profile of 210000000001>",
    );
  });
});
