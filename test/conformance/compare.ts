import type { Made, Recording } from "./recording.ts";

/** One difference between a run with the doubles and a run with the real components. */
export interface Difference {
  /** Where it was seen: "up", "destroy", or the name of a plan. */
  readonly stage: string;
  /** "type name" of the resource; in a plan with the operation before it; empty where none is meant. */
  readonly resource: string;
  /** What of it, such as `inputs.tags.Name`. */
  readonly what: string;
  readonly doubles: unknown;
  readonly real: unknown;
}

/** A difference that is known and accepted, wherever it is seen. */
export interface Known extends Pick<Difference, "resource" | "what"> {
  readonly why: string;
}

/** Returns every difference of two recordings, in a stable order. */
export function compare(doubles: Recording, real: Recording): Difference[] {
  const changes = [...new Set([...Object.keys(doubles.changes), ...Object.keys(real.changes)])];
  return [
    ...inEach("first plan", doubles.firstPlan, real.firstPlan),
    ...inEach("up", withoutNeeds(doubles.made), withoutNeeds(real.made)),
    ...needs(doubles.made, real.made),
    ...lists("up", "warnings", doubles.warnings, real.warnings),
    ...changes.flatMap((change) =>
      inEach(change, doubles.changes[change] ?? {}, real.changes[change] ?? {}),
    ),
    ...lists("destroy", "deleted", [...doubles.deletions].sort(), [...real.deletions].sort()),
    ...tooEarly(doubles, real),
  ];
}

/** Splits differences into those that nobody expects, and the known ones that were not seen at all. */
export function judge(
  differences: readonly Difference[],
  known: readonly Known[],
): { readonly unexpected: Difference[]; readonly gone: Known[] } {
  const is = (one: Known, { resource, what }: Difference) =>
    one.resource === resource && one.what === what;
  return {
    unexpected: differences.filter((difference) => !known.some((one) => is(one, difference))),
    gone: known.filter((one) => !differences.some((difference) => is(one, difference))),
  };
}

/** The resources of two runs, each compared with its namesake. */
function inEach(
  stage: string,
  doubles: Readonly<Record<string, object>>,
  real: Readonly<Record<string, object>>,
): Difference[] {
  const names = [...new Set([...Object.keys(doubles), ...Object.keys(real)])].sort();
  return names.flatMap((resource) => {
    const [one, other] = [doubles[resource], real[resource]];
    if (one === undefined || other === undefined) {
      const said = (side: object | undefined) => (side === undefined ? "absent" : "there");
      return [{ stage, resource, what: "itself", doubles: said(one), real: said(other) }];
    }
    return values("", one, other).map((difference) => ({ stage, resource, ...difference }));
  });
}

/** The differences of two values, as deep as they are of the same kind. Lists are compared as a whole. */
function values(
  what: string,
  doubles: unknown,
  real: unknown,
): Pick<Difference, "what" | "doubles" | "real">[] {
  if (isMap(doubles) && isMap(real)) {
    const keys = [...new Set([...Object.keys(doubles), ...Object.keys(real)])].sort();
    return keys.flatMap((key) =>
      values(what === "" ? key : `${what}.${key}`, doubles[key], real[key]),
    );
  }
  return JSON.stringify(sorted(doubles)) === JSON.stringify(sorted(real))
    ? []
    : [{ what, doubles, real }];
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value with the keys of its maps in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

function lists(
  stage: string,
  what: string,
  doubles: readonly string[],
  real: readonly string[],
): Difference[] {
  return values(what, doubles, real).map((difference) => ({ stage, resource: "", ...difference }));
}

type Stack = Recording["made"];

function withoutNeeds(made: Stack): Record<string, Omit<Made, "needs">> {
  return Object.fromEntries(
    Object.entries(made).map(([name, { parent, protect, provider, inputs, outputs }]) => [
      name,
      { parent, protect, provider, inputs, outputs },
    ]),
  );
}

/** What each resource needs on one side and not on the other, neither itself nor through something else. */
function needs(doubles: Stack, real: Stack): Difference[] {
  const [ofDoubles, ofReal] = [allNeeds(doubles), allNeeds(real)];
  return Object.keys(real)
    .sort()
    .flatMap((resource): Difference[] => {
      const [one, other] = [doubles[resource], real[resource]];
      if (one === undefined || other === undefined) return [];
      const more = one.needs.filter((name) => ofReal.get(resource)?.has(name) !== true);
      const less = other.needs.filter((name) => ofDoubles.get(resource)?.has(name) !== true);
      if (more.length + less.length === 0) return [];
      return [{ stage: "up", resource, what: "needs", doubles: more, real: less }];
    });
}

/** What each resource needs, directly or through others. */
function allNeeds(made: Stack): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const of = (name: string): Set<string> => {
    const already = found.get(name);
    if (already !== undefined) return already;
    const all = new Set<string>();
    found.set(name, all);
    for (const needed of made[name]?.needs ?? []) {
      all.add(needed);
      for (const further of of(needed)) all.add(further);
    }
    return all;
  };
  for (const name of Object.keys(made)) of(name);
  return found;
}

/**
 * What was deleted under the doubles while, with the real components, something that needs it must be deleted first. The
 * engine deletes side by side, so the order itself differs from run to run.
 */
function tooEarly(doubles: Recording, real: Recording): Difference[] {
  const needsOf = allNeeds(real.made);
  const place = new Map(doubles.deletions.map((name, index) => [name, index]));
  return real.deletions.flatMap((resource): Difference[] => {
    const own = place.get(resource);
    const before = [...(needsOf.get(resource) ?? [])]
      .filter((needed) => own !== undefined && (place.get(needed) ?? Infinity) < own)
      .sort();
    if (before.length === 0) return [];
    return [{ stage: "destroy", resource, what: "deleted after", doubles: before, real: [] }];
  });
}
