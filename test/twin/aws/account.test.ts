import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveAccount } from "../../../twin/aws/account.ts";
import { invoke } from "../../../twin/aws/invokes.ts";
import { plain, unknown } from "../../../twin/aws/properties.ts";
import { Store } from "../../../twin/aws/store.ts";
import { awsConfig } from "../../../twin/state/twin.ts";

describe("AWS double: provider configuration", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "aws-double-"));
    writeFileSync(join(folder, "config"), awsConfig());
    env = { AWS_CONFIG_FILE: join(folder, "config") };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("reads account and region from the provider's profile", () => {
    expect(resolveAccount({ profile: "idp-twin-prod" }, env)).to.deep.equal({
      id: "100000000003",
      region: "us-west-2",
      partition: "aws",
      caller: "arn:aws:iam::100000000003:user/idp-twin",
      defaultTags: {},
    });
  });

  it("falls back to AWS_PROFILE, and reads nested settings from their JSON text", () => {
    const config = {
      region: "us-east-1",
      allowedAccountIds: '["935743309409"]',
      defaultTags: '{"tags":{"Owner":"platform"}}',
    };
    expect(resolveAccount(config, { ...env, AWS_PROFILE: "idp-twin-dev" })).to.deep.equal({
      id: "935743309409",
      region: "us-east-1",
      partition: "aws",
      caller: "arn:aws:iam::935743309409:user/idp-twin",
      defaultTags: { Owner: "platform" },
    });
  });

  describe("with a role to assume", () => {
    const assuming = (roleArn: string) => {
      writeFileSync(
        join(folder, "config"),
        `[profile ci]\naws_account_id = 935743309409\nregion = us-west-2\nrole_arn = ${roleArn}\n`,
      );
      return resolveAccount({ profile: "ci" }, { ...env, IDP_TWIN: folder });
    };
    const store = () => new Store(join(folder, "aws/935743309409"));

    it("calls as the role", () => {
      const roleArn = "arn:aws:iam::935743309409:role/team/provision";
      const origin = { token: "", engine: "", acknowledged: true, adoptedBy: "" };
      const record = {
        type: "aws:iam/role:Role",
        id: "provision",
        inputs: {},
        computed: {},
        origin,
      };
      store().create(record);
      expect(assuming(roleArn).caller).to.equal(roleArn);
    });

    for (const roleArn of [
      "arn:aws:iam::935743309409:role/provision",
      "arn:aws:iam::100000000003:role/provision",
    ]) {
      it(`refuses ${roleArn}, which the account does not have`, () => {
        expect(() => assuming(roleArn)).to.throw(
          `AccessDenied: not authorized to perform sts:AssumeRole on resource ${roleArn}`,
        );
      });
    }
  });

  const refusals = [
    [
      "an account that is not allowed",
      { profile: "idp-twin-dev", allowedAccountIds: ["100000000003"] },
      "AWS account ID not allowed: 935743309409",
    ],
    [
      "a profile that does not exist",
      { profile: "other" },
      "failed to get shared config profile, other",
    ],
    ["no profile at all", {}, "No valid credential sources found"],
    [
      "a region that does not exist",
      { profile: "idp-twin-dev", region: "moon" },
      "invalid AWS Region: moon",
    ],
  ] as const;
  for (const [what, config, message] of refusals) {
    it(`refuses ${what}`, () => {
      expect(() => resolveAccount(config, env)).to.throw(message);
    });
  }
});

describe("AWS double: property values", () => {
  const signature = "4dabf18193072939515e22adb298388d";

  it("reduces a reference to a resource to its id", () => {
    const reference = {
      [signature]: "5cf8f73096256a8f31e491e813e4eb8e",
      urn: "urn:pulumi:dev::p::aws:iam/role:Role::r",
      id: "r-1",
    };
    expect(plain({ role: reference })).to.deep.equal({ role: "r-1" });
    expect(plain({ role: { ...reference, id: "" } })).to.deep.equal({ role: unknown });
  });

  it("opens secrets and outputs", () => {
    const secret = { [signature]: "1b47061264138c4ac30d75fd1eb44270", value: "x" };
    const output = { [signature]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: secret };
    expect(plain([secret, output])).to.deep.equal(["x", "x"]);
  });
});

describe("AWS double: functions", () => {
  const account = {
    id: "935743309409",
    region: "us-west-2",
    partition: "aws",
    caller: "",
    defaultTags: {},
  };

  it("returns availability zones only", () => {
    expect(
      invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {}, account)["names"],
    ).to.deep.equal(["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]);
  });

  it("refuses a function that it does not answer, and says where to add it", () => {
    expect(() => invoke("aws:ssm/getParameter:getParameter", {}, account)).to.throw(
      /does not answer the function aws:ssm\/getParameter.*twin\/aws\/invokes\.ts/,
    );
  });
});
