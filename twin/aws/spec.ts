import type { AwsAccount } from "./account.ts";
import type { Host } from "./host.ts";
import type { Bag, Json } from "./properties.ts";
import type { Rule } from "./rules.ts";
import type { ResourceRecord, Store } from "./store.ts";

/** A resource that is about to be made or changed. */
export interface Draft {
  readonly account: AwsAccount;
  readonly store: Store;
  readonly inputs: Bag;
  /** The physical name, or "" where the type has none. */
  readonly name: string;
}

/** A resource that has its id. */
export interface Created extends Draft {
  readonly id: string;
}

/** One property that points to another resource of the account. */
export interface Reference {
  /** Dotted path; lists are walked through. */
  readonly path: string;
  /** Type token of what it points to. */
  readonly to: string;
  /** Only values that match are references; others pass (an AWS-managed policy's ARN, say). */
  readonly only?: RegExp;
  /** While this resource exists, AWS refuses to delete what it points to. */
  readonly holds?: true;
}

/** How a type gets its physical name. */
export interface Naming {
  /** The property that carries it. */
  readonly property: string;
  /** Longest name AWS takes. */
  readonly max: number;
  /** The names that AWS takes. */
  readonly pattern: RegExp;
  /** Without a name, AWS' provider makes one: the logical name and seven hex digits. `false`: the name is required. */
  readonly auto: boolean;
  /** The beginning of every name, like `alias/`. */
  readonly prefix?: string;
}

/**
 * A resource type as the double plays it. A new type is a new entry in a table of twin/aws/types/; the entry holds what AWS'
 * documentation says about the type, as far as the platform's program can touch it.
 */
export interface ResourceType {
  /** Properties without which the provider's schema refuses it. */
  readonly required?: readonly string[];
  readonly naming?: Naming;
  /** Format of single properties, by dotted path: refused in preview already. */
  readonly rules?: Readonly<Record<string, Rule>>;
  /** Properties that hold a JSON document and may be given as an object. */
  readonly documents?: readonly string[];
  /** Rules over several properties of one resource; refused in preview too. Gives the property and the reason. */
  readonly crossChecks?: (inputs: Bag) => readonly (readonly [string, string])[];
  readonly references?: readonly Reference[];
  /** Problems that only the account's state can show; throws AwsError. `old` when it is an update. */
  readonly checks?: (draft: Draft, old?: ResourceRecord) => void;
  /** What no two resources of the type may share, besides their id. */
  readonly unique?: (inputs: Bag) => string | undefined;
  /** Error code when its id or `unique` is taken. */
  readonly taken?: string;
  /** Error code when something points to one that is not there. */
  readonly notFound?: string;
  /** Error code when it is deleted while others hold it. */
  readonly inUse?: string;
  /** Properties (dotted paths) that AWS cannot change in place. */
  readonly replaceOn?: readonly string[];
  /** Whether it has `tags` and `tagsAll`. */
  readonly tags?: true;
  /** A new id. Default: the physical name. */
  readonly id?: (draft: Draft) => string;
  /** The id behind a reference's value, where that may be an ARN. Default: the value itself. */
  readonly idOf?: (value: string) => string;
  /** The values that AWS shows for properties that were not set. */
  readonly defaults?: Bag;
  /** The properties that AWS adds at creation. */
  readonly computed?: (created: Created) => Bag;
  /** The part of `computed` that follows from properties which an update may change. */
  readonly recomputed?: (created: Created) => Bag;
  /**
   * Starts the thing that the record stands for, a cluster's control plane, once the record is stored. Called again on an
   * update and when an interrupted create is taken up again: it must be idempotent. Gives more of `computed`.
   */
  readonly provision?: (created: Created, host: Host) => Promise<Bag>;
  /** Ends what `provision` started, before the record goes. */
  readonly release?: (record: ResourceRecord, account: AwsAccount, host: Host) => Promise<void>;
  /** Refuses a deletion, by throwing AwsError. */
  readonly guard?: (record: ResourceRecord, account: AwsAccount, store: Store) => void;
}

/** A table of types by their tokens. */
export type TypeTable = Readonly<Record<string, ResourceType>>;

/** `arn:<partition>:<service>:<region>:<account>:<resource>`. */
export function arn({ account }: Draft, service: string, resource: string): string {
  return `arn:${account.partition}:${service}:${account.region}:${account.id}:${resource}`;
}

/** An ARN of a service without regions. */
export function globalArn({ account }: Draft, service: string, resource: string): string {
  return `arn:${account.partition}:${service}::${account.id}:${resource}`;
}

/** The text after the last slash: the name or id in most ARNs. */
export function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf("/") + 1);
}

/** The property as a string, or "" when it is not set. */
export function textOf(inputs: Bag, key: string): string {
  const value: Json | undefined = inputs[key];
  return typeof value === "string" ? value : "";
}
