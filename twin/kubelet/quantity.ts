import { PodConfigError } from "./pod.ts";

/** Power of ten of each suffix. */
const decimal: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** Power of two of each suffix. */
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/** Largest exponent in `1e3` that is computed. No quantity of the API comes near it. */
const exponentLimit = 100;

/**
 * The whole number that a quantity of Kubernetes stands for, such as `64Mi`, `1.5G`, `2e9` or `100m`; a part of one
 * counts as one, as Kubernetes rounds (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
 * Exact up to 2^53, in bytes about 9 PB.
 *
 * @throws PodConfigError for a text that is no quantity
 */
export function quantityValue(quantity: string): number {
  const pattern =
    /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d+))$/;
  const parts = pattern.exec(quantity);
  if (parts === null) throw noQuantity(quantity);
  const [, sign, whole = "", fraction = parts[4] ?? "", , powerOfTwo, suffix = "", exponent] =
    parts;
  const shift = exponent === undefined ? (decimal[suffix] ?? 0) : Number(exponent);
  if (Math.abs(shift) > exponentLimit) throw noQuantity(quantity);
  const tens = shift - fraction.length;
  const digits = BigInt(`${whole}${fraction}`);
  const dividend =
    digits * 2n ** BigInt(binary[powerOfTwo ?? ""] ?? 0) * 10n ** BigInt(Math.max(tens, 0));
  const divisor = 10n ** BigInt(Math.max(-tens, 0));
  // Away from zero, as Kubernetes rounds.
  const rounded = (dividend + divisor - 1n) / divisor;
  return Number(sign === "-" ? -rounded : rounded);
}

function noQuantity(text: string): PodConfigError {
  return new PodConfigError(
    `"${text}" is no quantity; allowed are numbers with a suffix such as Mi, M, m or e6`,
  );
}
