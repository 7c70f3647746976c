import { createHash, randomBytes } from "node:crypto";
import type { AwsAccount } from "./account.ts";
import { AwsError } from "./errors.ts";
import type { Host } from "./host.ts";
import {
  hasUnknown,
  isBag,
  merge,
  same,
  stringsAt,
  unknown,
  valuesAt,
  type Bag,
  type Json,
} from "./properties.ts";
import { tags as tagsRule } from "./rules.ts";
import type { Created, Draft, Naming, ResourceType } from "./spec.ts";
import { TakenError, type ResourceRecord, type Store } from "./store.ts";
import { types, typeOf } from "./types/index.ts";

/** The source of a request: one engine, and one resource of one stack. */
export interface Origin {
  readonly urn: string;
  /** Identifies the engine's process, also from a later process with the same pid. */
  readonly engine: string;
}

/** A property that the provider refuses, and why. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** A resource as AWS would describe it. */
export interface ResourceView {
  readonly id: string;
  readonly outputs: Bag;
}

/** The key under which the inputs list the properties that were filled in, not set by the program. */
const defaultsKey = "__defaults";

/**
 * Returns the completed inputs (physical name, `tagsAll`, documents as text), and everything that is wrong with them.
 * @param old the inputs of the last run; a name that was generated then is kept
 */
export function check(
  token: string,
  urn: string,
  given: Bag,
  old: Bag | undefined,
  account: AwsAccount,
): { inputs: Bag; failures: Failure[] } {
  const type = typeOf(token);
  const inputs: Record<string, Json> = { ...given };
  for (const key of type.documents ?? []) {
    const value = inputs[key];
    if (isBag(value)) inputs[key] = hasUnknown(value) ? unknown : JSON.stringify(value);
  }
  const defaults: string[] = [];
  if (type.naming !== undefined && inputs[type.naming.property] === undefined && type.naming.auto) {
    inputs[type.naming.property] = earlierName(type.naming, old) ?? generatedName(type.naming, urn);
    defaults.push(type.naming.property);
  }
  inputs[defaultsKey] = defaults;
  if (type.tags) {
    const all = allTags(inputs["tags"], account);
    if (all !== undefined) inputs["tagsAll"] = all;
  }
  return { inputs, failures: failures(type, inputs) };
}

function earlierName(naming: Naming, old: Bag | undefined): Json | undefined {
  const wasGenerated = stringsAt(old, defaultsKey).includes(naming.property);
  return wasGenerated ? old?.[naming.property] : undefined;
}

/** Returns the logical name and seven hex digits: Pulumi's AWS provider names resources in this way. */
function generatedName(naming: Naming, urn: string): string {
  const logical = urn.slice(urn.lastIndexOf("::") + 2);
  const suffix = `-${randomBytes(4).toString("hex").slice(0, 7)}`;
  const prefix = naming.prefix ?? "";
  return prefix + logical.slice(0, naming.max - prefix.length - suffix.length) + suffix;
}

function allTags(tags: Json | undefined, account: AwsAccount): Json | undefined {
  if (tags === unknown) return unknown;
  const all = { ...account.defaultTags, ...(isBag(tags) ? tags : {}) };
  return Object.keys(all).length === 0 ? undefined : all;
}

function failures(type: ResourceType, inputs: Bag): Failure[] {
  const found: Failure[] = [];
  const fail = (property: string, reason: string | undefined): void => {
    if (reason !== undefined) found.push({ property, reason });
  };
  for (const key of type.required ?? []) {
    if (inputs[key] === undefined) fail(key, `Missing required property '${key}'`);
  }
  if (type.naming !== undefined) fail(type.naming.property, badName(type.naming, inputs));
  for (const [path, rule] of Object.entries(type.rules ?? {})) {
    for (const value of valuesAt(inputs, path)) fail(path, rule(value));
  }
  if (type.tags && !hasUnknown(inputs["tagsAll"])) {
    const all = inputs["tagsAll"];
    if (all !== undefined) fail("tags", tagsRule(all));
  }
  for (const [property, reason] of type.crossChecks?.(inputs) ?? []) fail(property, reason);
  return found;
}

function badName(naming: Naming, inputs: Bag): string | undefined {
  const name = inputs[naming.property];
  if (name === undefined || name === unknown) return undefined;
  if (typeof name !== "string" || !naming.pattern.test(name)) {
    return `the name ${JSON.stringify(name)} does not match ${naming.pattern.source}`;
  }
  return name.length > naming.max
    ? `the name ${name} has ${name.length} characters, AWS allows ${naming.max}`
    : undefined;
}

/** What an update would do. */
export interface Difference {
  /** Top-level properties that change, with how. */
  readonly changed: ReadonlyMap<string, "add" | "delete" | "update">;
  /** The properties that AWS cannot change in place. */
  readonly replaces: readonly string[];
  /** The old resource must be deleted first because the new one has the same name. */
  readonly deleteBeforeReplace: boolean;
}

/**
 * Returns the difference between the inputs of two runs. Outputs are not compared, because everything that AWS adds to
 * them would look like a change.
 */
export function diff(
  token: string,
  oldInputs: Bag,
  inputs: Bag,
  ignore: readonly string[],
): Difference {
  const type = typeOf(token);
  const wanted = keepIgnored(oldInputs, inputs, ignore);
  const changed = new Map<string, "add" | "delete" | "update">();
  for (const key of new Set([...Object.keys(oldInputs), ...Object.keys(wanted)])) {
    if (key === defaultsKey || same(oldInputs[key], wanted[key])) continue;
    changed.set(
      key,
      oldInputs[key] === undefined ? "add" : wanted[key] === undefined ? "delete" : "update",
    );
  }
  const replaces = (type.replaceOn ?? []).filter(
    (path) => !same(partAt(oldInputs, path), partAt(wanted, path)),
  );
  return {
    changed,
    replaces,
    deleteBeforeReplace: replaces.length > 0 && wantsSameKey(type, oldInputs, wanted),
  };
}

/** Returns `inputs` with the old values of the properties that the program lists in `ignoreChanges`. */
function keepIgnored(oldInputs: Bag, inputs: Bag, ignore: readonly string[]): Bag {
  let wanted = inputs;
  for (const path of ignore) {
    const [key = "", ...rest] = path.split(".");
    const old = oldInputs[key];
    const value = wanted[key];
    if (rest.length === 0) {
      const others = without(wanted, key);
      wanted = old === undefined ? others : { ...others, [key]: old };
    } else if (isBag(old) && isBag(value)) {
      wanted = { ...wanted, [key]: keepIgnored(old, value, [rest.join(".")]) };
    }
  }
  return wanted;
}

function partAt(bag: Bag, path: string): Json | undefined {
  let part: Json | undefined = bag;
  for (const key of path.split(".")) part = isBag(part) ? part[key] : part;
  return part;
}

function wantsSameKey(type: ResourceType, oldInputs: Bag, inputs: Bag): boolean {
  if (type.naming !== undefined) {
    const name = inputs[type.naming.property];
    return name !== undefined && name === oldInputs[type.naming.property];
  }
  const key = type.unique?.(inputs);
  return key !== undefined && key === type.unique?.(oldInputs);
}

/** Returns those outputs of a create that a preview can know. */
export function previewOutputs(token: string, inputs: Bag, old?: Bag): Bag {
  return merge(merge(typeOf(token).defaults ?? {}, old ?? {}), withoutBookkeeping(inputs));
}

/**
 * Creates a resource.
 *
 * If the engine is killed before it gets the answer of a create, the resource exists but is in no state. AWS's own APIs
 * take a client token for this case. Here the token is the resource's URN and inputs. When another engine asks for the same
 * and nobody has read the resource since, create returns the existing one. See {@link remove} for the other half.
 */
export async function create(
  token: string,
  given: Bag,
  account: AwsAccount,
  store: Store,
  origin: Origin,
  host: Host,
): Promise<ResourceView> {
  const type = typeOf(token);
  const inputs = withoutBookkeeping(given);
  const draft = draftOf(type, inputs, account, store);
  const clientToken = tokenOf(type, token, given, origin);

  const lost = store
    .list(token)
    .find(
      (record) =>
        record.origin.token === clientToken &&
        !record.origin.acknowledged &&
        ![record.origin.engine, record.origin.adoptedBy].includes(origin.engine),
    );
  if (lost !== undefined) {
    const adopted = { ...lost, origin: { ...lost.origin, adoptedBy: origin.engine } };
    store.update(adopted);
    return provision(type, adopted, draftOf(type, lost.inputs, account, store), host);
  }

  checkReferences(type, draft);
  type.checks?.(draft);
  const id = type.id?.(draft) ?? draft.name;
  const created: Created = { ...draft, id };
  const record: ResourceRecord = {
    type: token,
    id,
    inputs,
    computed: merge(type.computed?.(created) ?? {}, type.recomputed?.(created) ?? {}),
    origin: {
      token: clientToken,
      engine: origin.engine,
      acknowledged: false,
      adoptedBy: "",
    },
  };
  const key = type.unique?.(inputs);
  try {
    store.create(record, key === undefined ? [] : [key]);
  } catch (error) {
    if (!(error instanceof TakenError)) throw error;
    throw new AwsError(
      type.taken ?? "AlreadyExists",
      `${error.existing} already exists in account ${account.id}`,
    );
  }
  return provision(type, record, draft, host);
}

/**
 * Returns the client token. It is equal for the same resource of the same stack with the same inputs. A generated name is
 * left out because it differs at every attempt.
 */
function tokenOf(type: ResourceType, token: string, given: Bag, { urn }: Origin): string {
  const property = type.naming?.property ?? "";
  const isGenerated = stringsAt(given, defaultsKey).includes(property);
  const inputs = withoutBookkeeping(given);
  const wanted = isGenerated ? without(inputs, property) : inputs;
  return createHash("sha256")
    .update(JSON.stringify([urn, token, sorted(wanted)]))
    .digest("hex");
}

async function provision(
  type: ResourceType,
  record: ResourceRecord,
  draft: Draft,
  host: Host,
): Promise<ResourceView> {
  const more = await type.provision?.({ ...draft, id: record.id }, host);
  if (more === undefined) return viewOf(record);
  const ready = { ...record, computed: merge(record.computed, more) };
  draft.store.update(ready);
  return viewOf(ready);
}

/** Changes a resource in place. @throws AwsError if it no longer exists or AWS would refuse the change */
export async function update(
  token: string,
  id: string,
  given: Bag,
  account: AwsAccount,
  store: Store,
  host: Host,
): Promise<ResourceView> {
  const type = typeOf(token);
  const old = store.read(token, id);
  if (old === undefined) {
    throw new AwsError(
      type.notFound ?? "NotFound",
      `${id} does not exist in account ${account.id}. Fix: pulumi refresh`,
    );
  }
  const inputs = withoutBookkeeping(given);
  const draft = draftOf(type, inputs, account, store);
  checkReferences(type, draft);
  type.checks?.(draft, old);
  const record: ResourceRecord = {
    ...old,
    inputs,
    computed: merge(old.computed, type.recomputed?.({ ...draft, id }) ?? {}),
    origin: { ...old.origin, acknowledged: true },
  };
  store.update(record);
  return provision(type, record, draft, host);
}

/**
 * Returns the resource as it is now, or undefined if it no longer exists.
 * @param oldInputs the inputs that the engine knows. A property that was changed outside Pulumi is returned with its new
 *   value: this is how a refresh finds drift
 */
export function read(
  token: string,
  id: string,
  oldInputs: Bag,
  store: Store,
): (ResourceView & { inputs: Bag }) | undefined {
  const record = acknowledge(token, id, store);
  if (record === undefined) return undefined;
  const bookkeeping = oldInputs[defaultsKey];
  const inputs = {
    ...record.inputs,
    ...(bookkeeping === undefined ? {} : { [defaultsKey]: bookkeeping }),
  };
  return { ...viewOf(record), inputs };
}

/** Records that an engine knows the resource's id: the answer of its create was not lost. */
export function acknowledge(token: string, id: string, store: Store): ResourceRecord | undefined {
  const record = store.read(token, id);
  if (record === undefined || record.origin.acknowledged) return record;
  const seen = { ...record, origin: { ...record.origin, acknowledged: true } };
  store.update(seen);
  return seen;
}

/**
 * Deletes a resource. If it does not exist, that is no error.
 * @throws AwsError while other resources use it or deletion protection is on
 */
export async function remove(
  token: string,
  id: string,
  account: AwsAccount,
  store: Store,
  engine: string,
  host: Host,
): Promise<void> {
  const type = typeOf(token);
  const record = store.read(token, id);
  if (record === undefined) return;
  if (record.origin.adoptedBy === engine) {
    // This engine created a replacement with the same inputs and got this same resource. It must stay.
    store.update({ ...record, origin: { ...record.origin, adoptedBy: "", acknowledged: true } });
    return;
  }
  type.guard?.(record, account, store);
  const holders = holdersOf(token, record, store);
  if (holders.length > 0) {
    throw new AwsError(
      type.inUse ?? "DependencyViolation",
      `${id} has dependencies and cannot be deleted: ${holders.join(", ")}`,
    );
  }
  await type.release?.(record, account, store, host);
  const key = type.unique?.(record.inputs);
  store.delete(token, id, key === undefined ? [] : [key]);
  type.leave?.(record, account, store);
}

/** Returns the resources that use this one, because of which AWS refuses to delete it. */
function holdersOf(token: string, record: ResourceRecord, store: Store): string[] {
  const idOf = types[token]?.idOf ?? ((value: string) => value);
  return Object.entries(types).flatMap(([other, type]) => {
    const holding = (type.references ?? []).filter((ref) => ref.to === token && ref.holds);
    if (holding.length === 0) return [];
    return store
      .list(other)
      .filter((candidate) =>
        holding.some((ref) =>
          stringsAt(candidate.inputs, ref.path).some((value) => idOf(value) === record.id),
        ),
      )
      .map((candidate) => `${other.split(":").at(-1) ?? other} ${candidate.id}`);
  });
}

function checkReferences(type: ResourceType, draft: Draft): void {
  for (const { path, to, only } of type.references ?? []) {
    const target = typeOf(to);
    for (const value of stringsAt(draft.inputs, path)) {
      if (only?.test(value) === false) continue;
      const foreign = /^arn:[^:]+:[^:]+:[^:]*:(\d{12}):/.exec(value)?.[1] ?? draft.account.id;
      const id = target.idOf?.(value) ?? value;
      if (foreign !== draft.account.id || draft.store.read(to, id) === undefined) {
        throw new AwsError(
          target.notFound ?? "NotFound",
          `${path}: the ${to.split(":").at(-1) ?? to} '${value}' does not exist in account ${draft.account.id}`,
        );
      }
    }
  }
}

function draftOf(type: ResourceType, inputs: Bag, account: AwsAccount, store: Store): Draft {
  const name = type.naming === undefined ? undefined : inputs[type.naming.property];
  return { account, store, inputs, name: typeof name === "string" ? name : "" };
}

function viewOf(record: ResourceRecord): ResourceView {
  const defaults = typeOf(record.type).defaults ?? {};
  return {
    id: record.id,
    outputs: merge(merge(defaults, record.inputs), record.computed),
  };
}

function without(bag: Bag, unwanted: string): Bag {
  return Object.fromEntries(Object.entries(bag).filter(([key]) => key !== unwanted));
}

function withoutBookkeeping(inputs: Bag): Bag {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !key.startsWith("__")));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isBag(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, v]) => [key, sorted(v)]),
  );
}
