import { expect } from "chai";
import { settingKey, settingPath } from "../../config/stack-files.ts";

describe("the place of a setting in a stack file", () => {
  it("is below the configuration's key of its group", () => {
    expect(settingKey("domain")).to.equal("idp:domain");
    expect(settingPath("cluster", "access", 0, "principalArn")).to.deep.equal([
      "config",
      "idp:cluster",
      "access",
      0,
      "principalArn",
    ]);
  });

  it("is known to the compiler", () => {
    // @ts-expect-error there is no such group
    settingPath("clusters");
    // @ts-expect-error there is no such key
    settingPath("aws", "account");
    // @ts-expect-error there is no such key in an element of the list
    settingPath("cluster", "access", 0, "arn");
    // @ts-expect-error there is nothing below a text
    settingPath("aws", "region", "name");
  });
});
