import { expect } from "chai";
import { evaluate, expand } from "./runner/expressions.ts";

const contexts = {
  matrix: { stack: "dev" },
  inputs: { image: "idp/localtime", empty: "" },
  vars: { IDP_REGION_DEV: "us-west-2" },
};

describe("the expansion of expressions", () => {
  for (const [expression, value] of [
    ["'it''s'", "it's"],
    ["vars[format('IDP_REGION_{0}', matrix.stack)]", "us-west-2"],
    ["vars.IDP_RUNNER_DEV || 'ubuntu-24.04'", "ubuntu-24.04"],
    ["inputs.empty && format('{0}/{1}', inputs.empty, matrix.stack) || matrix.stack", "dev"],
    ["matrix.stack == 'DEV'", true],
    ["vars.missing == ''", true],
    ["vars.missing", null],
    ["${{ fromJSON('[\"dev\"]') }}", ["dev"]],
  ] as const) {
    it(`knows ${expression}`, () => {
      expect(evaluate(expression, contexts)).to.deep.equal(value);
    });
  }

  it("asks the runner for its functions", () => {
    expect(
      evaluate(
        "success() && hashFiles('a', 'b')",
        {},
        {
          success: () => true,
          hashFiles: (...files) => files.join("+"),
        },
      ),
    ).to.equal("a+b");
  });

  it("leaves the rest of a text as it is", () => {
    expect(expand("a ${{ matrix.stack }} $HOME ${{ vars.missing }}|", contexts)).to.equal(
      "a dev $HOME |",
    );
  });

  it("refuses an expression that it does not know", () => {
    for (const wrong of [
      "hashFiles('a')",
      "matrix.stack +",
      "(matrix.stack",
      "",
      "a b",
      "secret.x",
    ]) {
      expect(() => expand(`\${{ ${wrong} }}`, contexts), wrong).to.throw();
    }
  });
});
