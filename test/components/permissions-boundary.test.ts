import * as aws from "@pulumi/aws";
import { expect } from "chai";
import { PermissionsBoundary } from "../../components/permissions-boundary.ts";
import { inputsOf, names, record } from "../support/record.ts";

const program = () => {
  new PermissionsBoundary("idp-boundary", { accountId: "123456789012" });
  new aws.iam.Role("idp-some", { assumeRolePolicy: "{}" });
  new aws.ecr.Repository("idp/some");
};

describe("PermissionsBoundary", () => {
  it("makes one policy", async () => {
    const made = await record(() => {
      new PermissionsBoundary("idp-boundary", { accountId: "123456789012" });
    });
    expect(names(made)).to.deep.equal([
      "aws:iam/policy:Policy idp-boundary",
      "idp:platform:PermissionsBoundary idp-boundary",
    ]);
    expect(inputsOf(made, "aws:iam/policy:Policy", "idp-boundary")["name"]).to.equal(
      "idp-boundary",
    );
  });

  it("is put on every role, wherever it is made, and on nothing else", async () => {
    const made = await record(program);
    expect(inputsOf(made, "aws:iam/role:Role", "idp-some")).to.include({
      permissionsBoundary: "arn:aws:iam::123456789012:policy/idp-boundary",
    });
    expect(inputsOf(made, "aws:ecr/repository:Repository", "idp/some")).not.to.have.property(
      "permissionsBoundary",
    );
  });

  it("is on the role in a preview, too, as a value that is not known yet", async () => {
    const made = await record(program, { preview: true });
    expect(inputsOf(made, "aws:iam/role:Role", "idp-some")).to.include({
      permissionsBoundary: "<unknown>",
    });
  });

  it("fails when it calls a function that the test does not expect", async () => {
    let message = "";
    try {
      await record(program, { invokes: {} });
    } catch (error) {
      message = String(error);
    }
    expect(message).to.include("Mock call not implemented: aws:index/getPartition:getPartition");
  });
});
