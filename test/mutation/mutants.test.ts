import { expect } from "chai";
import { mutantsOf } from "./mutants.ts";

const mistakes = (source: string) => mutantsOf(source).map(({ from, to }) => `${from} -> ${to}`);

describe("mutantsOf", () => {
  const cases: readonly (readonly [source: string, expected: readonly string[]])[] = [
    ["a === b;", ["a === b -> a !== b"]],
    ["a && !b;", ["a && !b -> a || !b", "!b -> b"]],
    ["a > 1;", ["a > 1 -> a <= 1", "a > 1 -> a >= 1", "1 -> 2"]],
    ["if (a) b();", ["a -> (true || a)", "a -> (false && a)"]],
    ["if (a === b) c();", ["a === b -> a !== b"]],
    [
      "list.some(f) ? true : false;",
      [
        "list.some(f) -> (true || list.some(f))",
        "list.some(f) -> (false && list.some(f))",
        "some -> every",
        "true -> false",
        "false -> true",
      ],
    ],
    ["list.filter(f).map(g);", ["list.filter(f) -> list"]],
    ['["a", ""];', ['["a", ""] -> []', '"a" -> ""', '"" -> "?"']],
    ["/^a$/.test(b);", ["/^a$/ -> /(?!)/", "/^a$/ -> /(?:)/"]],
    ['import { a } from "./a.ts"; type B = "c"; interface D { e: "f" }', []],
  ];
  for (const [source, expected] of cases) {
    it(`makes the mistakes of ${source}`, () => {
      expect(mistakes(source)).to.deep.equal(expected);
    });
  }

  it("leaves a rule's words alone, and moves its levels", () => {
    const source =
      'const rule: Rule = { name: "a", fix: "b", levels: everywhere, unknown: "wait" };';
    expect(mistakes(source)).to.deep.equal([
      'everywhere -> { dev: "disabled", staging: "disabled", prod: "disabled" }',
      'everywhere -> { dev: "mandatory", staging: "advisory", prod: "mandatory" }',
      '"wait" -> "refuse"',
    ]);
    expect(mistakes('const other = { name: "a" };')).to.deep.equal(['"a" -> ""']);
  });

  it("gives the whole source with one mistake, and its line", () => {
    expect(mutantsOf("let x;\nx = a === b;\n")).to.deep.equal([
      { line: 2, from: "a === b", to: "a !== b", source: "let x;\nx = a !== b;\n" },
    ]);
  });
});
