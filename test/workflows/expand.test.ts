import { expect } from "chai";
import { evaluate, expand } from "./expand.ts";

const contexts = {
  matrix: { stack: "dev" },
  inputs: { image: "idp/localtime", empty: "" },
  vars: { IDP_REGION_DEV: "us-west-2" },
};

describe("the expansion of expressions", () => {
  for (const [expression, value] of [
    ["'it''s'", "it's"],
    ["matrix.stack", "dev"],
    ["vars[format('IDP_REGION_{0}', matrix.stack)]", "us-west-2"],
    ["vars.IDP_RUNNER_DEV || 'ubuntu-24.04'", "ubuntu-24.04"],
    ["inputs.empty && format('{0}/{1}', inputs.empty, matrix.stack) || matrix.stack", "dev"],
    ["inputs.image && 'yes' || 'no'", "yes"],
    ["matrix.stack == 'DEV'", true],
    ["!(matrix.stack != 'dev')", true],
  ] as const) {
    it(`knows ${expression}`, () => {
      expect(evaluate(expression, contexts)).to.equal(value);
    });
  }

  it("leaves the rest of a text as it is", () => {
    expect(expand("a ${{ matrix.stack }} $HOME ${{ inputs.image }}", contexts)).to.equal(
      "a dev $HOME idp/localtime",
    );
  });

  it("refuses an expression that it does not know", () => {
    for (const wrong of ["hashFiles('a')", "matrix.stack +", "(matrix.stack", "", "a b", "vars"]) {
      expect(() => expand(`\${{ ${wrong} }}`, contexts), wrong).to.throw();
    }
  });
});
