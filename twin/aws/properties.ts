/** What a JSON file or a protobuf Struct can hold. */
export type Json = null | boolean | number | string | readonly Json[] | Bag;
/** Named properties of a resource. */
export interface Bag {
  readonly [key: string]: Json;
}

/** The value with which the engine marks "not known yet" in a preview (sdk/go/common/resource/plugin/rpc.go). */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The key, and its values, that mark a special object in a property (sdk/go/common/resource/properties.go). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** Whether a value is an object with keys, not null and not a list. */
export function isBag(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Returns the value as AWS would receive it. Secrets are opened, an output becomes its value, undefined keys are dropped.
 * A reference to a resource becomes that resource's id: a component may pass the whole role where AWS expects its name.
 */
export function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    const entries = new Map<string, unknown>(Object.entries(value));
    switch (entries.get(signatureKey)) {
      case secretSignature:
        return plain(entries.get("value"));
      case outputSignature:
        return entries.has("value") ? plain(entries.get("value")) : unknown;
      case resourceSignature:
        // An id that is not known yet comes as the empty string.
        return plain(entries.get("id") || unknown);
    }
    return Object.fromEntries(
      [...entries].filter(([, v]) => v !== undefined).map(([key, v]) => [key, plain(v)]),
    );
  }
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      return null;
  }
}

/** Applies {@link plain} to a whole property bag, where null means "not set". */
export function plainBag(value: unknown): Bag {
  const bag = plain(value);
  if (!isBag(bag)) return {};
  return Object.fromEntries(Object.entries(bag).filter(([, v]) => v !== null));
}

/** Whether any part of the value is not known yet. */
export function hasUnknown(value: Json | undefined): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isBag(value) && Object.values(value).some(hasUnknown);
}

/**
 * Returns every known value at a dotted path. Lists are expanded: `vpcConfig.subnetIds` gives each id. The result is empty
 * if the path is not set or not known yet.
 */
export function valuesAt(bag: Json | undefined, path: string): Json[] {
  let found: Json[] = bag === undefined ? [] : [bag];
  for (const key of path.split(".")) {
    found = found.flatMap((value) => {
      const next = isBag(value) ? value[key] : undefined;
      if (next === undefined || next === null || next === unknown) return [];
      return isList(next) ? next.filter((v) => v !== unknown) : [next];
    });
  }
  return found;
}

/** Returns the strings among {@link valuesAt}. */
export function stringsAt(bag: Json | undefined, path: string): string[] {
  return valuesAt(bag, path).filter((value) => typeof value === "string");
}

/** Returns the first known string at a path, if there is one. */
export function stringAt(bag: Json | undefined, path: string): string | undefined {
  return stringsAt(bag, path)[0];
}

/** Whether a value is a list; Array.isArray does not narrow a read-only one. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether two values are equal, regardless of the order of their keys. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
  if (isList(one) && isList(other)) {
    return one.length === other.length && one.every((value, i) => same(value, other[i]));
  }
  if (isBag(one) && isBag(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => same(one[key], other[key]));
  }
  return one === other;
}

/** Returns `under` with the values of `over`. Objects are merged key by key; everything else, lists too, is replaced. */
export function merge(under: Bag, over: Bag): Bag {
  const result: Record<string, Json> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isBag(below) && isBag(value) ? merge(below, value) : value;
  }
  return result;
}
