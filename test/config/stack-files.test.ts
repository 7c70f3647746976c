import { expect } from "chai";
import { parseStackFile, settingKey, settingPath } from "../../config/stack-files.ts";

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

  for (const text of ["", "config: 3\n", "- a\n"]) {
    it(`says in words, not in JSON, what is wrong with ${JSON.stringify(text)}`, () => {
      expect(() => parseStackFile("dev", text))
        .to.throw("Pulumi.dev.yaml cannot be read: ✖ Invalid input: expected ")
        .with.property("message")
        .that.does.not.include('"code"');
    });
  }
});
