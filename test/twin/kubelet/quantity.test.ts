import { expect } from "chai";
import fc from "fast-check";
import { PodConfigError } from "../../../twin/kubelet/pod.ts";
import { quantityValue } from "../../../twin/kubelet/quantity.ts";

/** Numerator and denominator of every suffix. */
const suffixes: readonly (readonly [suffix: string, times: bigint, by: bigint])[] = [
  ["n", 1n, 1_000_000_000n],
  ["u", 1n, 1_000_000n],
  ["m", 1n, 1_000n],
  ["", 1n, 1n],
  ["k", 1_000n, 1n],
  ["M", 1_000_000n, 1n],
  ["G", 1_000_000_000n, 1n],
  ["T", 1_000_000_000_000n, 1n],
  ["P", 1_000_000_000_000_000n, 1n],
  ["E", 1_000_000_000_000_000_000n, 1n],
  ["Ki", 1_024n, 1n],
  ["Mi", 1_048_576n, 1n],
  ["Gi", 1_073_741_824n, 1n],
  ["Ti", 1_099_511_627_776n, 1n],
  ["Pi", 1_125_899_906_842_624n, 1n],
  ["Ei", 1_152_921_504_606_846_976n, 1n],
  ["e3", 1_000n, 1n],
  ["E+3", 1_000n, 1n],
  ["e-3", 1n, 1_000n],
];

describe("quantityValue", () => {
  const cases: readonly [string, number][] = [
    ["0", 0],
    ["128974848", 128_974_848],
    ["129e6", 129_000_000],
    ["129M", 129_000_000],
    ["128974848000m", 128_974_848],
    ["123Mi", 128_974_848],
    ["64Mi", 67_108_864],
    ["1.5Gi", 1_610_612_736],
    [".5k", 500],
    ["5.", 5],
    ["1E", 1e18],
    ["1E2", 100],
    ["+1k", 1_000],
    ["-1.5", -2],
    ["100m", 1],
    ["1n", 1],
    ["0.1", 1],
  ];
  for (const [quantity, value] of cases) {
    it(`${quantity} is ${value}`, () => {
      expect(quantityValue(quantity)).to.equal(value);
    });
  }

  const wrong = ["", " 1", "1 Mi", "Mi", "1mi", "1K", "1KiB", "1e", "1e1.5", ".", "1,5", "0x1"];
  for (const quantity of [...wrong, "1ee1", "Infinity", "--1", "1e101", "1e-101", "1\n"]) {
    it(`refuses ${JSON.stringify(quantity)}`, () => {
      expect(() => quantityValue(quantity)).to.throw(PodConfigError, "is no quantity");
    });
  }

  it("is the product of number and suffix, a part of one counted as one", () => {
    const quantity = fc.record({
      whole: fc.nat(9_999),
      fraction: fc.stringMatching(/^\d{0,4}$/),
      suffix: fc.constantFrom(...suffixes),
    });
    fc.assert(
      fc.property(quantity, ({ whole, fraction, suffix: [suffix, times, by] }) => {
        const scale = 10n ** BigInt(fraction.length);
        const numerator = (BigInt(whole) * scale + BigInt(fraction || "0")) * times;
        const denominator = scale * by;
        const parts = numerator % denominator === 0n ? 0n : 1n;
        expect(quantityValue(`${whole}${fraction && "."}${fraction}${suffix}`)).to.equal(
          Number(numerator / denominator + parts),
        );
      }),
    );
  });

  it("takes a text for a quantity or refuses it, and never gives anything else", () => {
    const text = fc.stringMatching(/^[+-]?[0-9.]{0,4}[KMGTPEnumki.e0-9-]{0,3}$/);
    fc.assert(
      fc.property(text, (candidate) => {
        let value: number;
        try {
          value = quantityValue(candidate);
        } catch (error) {
          expect(error).to.be.instanceOf(PodConfigError);
          return;
        }
        expect(value).to.satisfy(Number.isInteger);
      }),
    );
  });
});
