import type { AwsAccount } from "./account.ts";
import type { Host } from "./host.ts";
import type { Bag, Json } from "./properties.ts";
import type { Rule } from "./rules.ts";
import type { ResourceRecord, Store } from "./store.ts";

/** A resource that is about to be created or changed. */
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
interface Reference {
  /** Dotted path of the property; lists are expanded. */
  readonly path: string;
  /** Type token of the resource it points to. */
  readonly to: string;
  /** Only values that match are references. Others, for example an AWS-managed policy's ARN, are not checked. */
  readonly only?: RegExp;
  /** While this resource exists, AWS refuses to delete the one it points to. */
  readonly holds?: true;
}

/** How a type gets its physical name. */
export interface Naming {
  /** The property that carries it. */
  readonly property: string;
  /** Longest name that AWS accepts. */
  readonly max: number;
  /** The names that AWS accepts. */
  readonly pattern: RegExp;
  /** `true`: the provider generates a missing name, the logical name and seven hex digits. `false`: the name is required. */
  readonly auto: boolean;
  /** The beginning of every generated name, like `alias/`. */
  readonly prefix?: string;
}

/**
 * A resource type as the double plays it. A new type is a new entry in a table of twin/aws/types/. The entry holds what
 * AWS's documentation says about the type, limited to what the platform's program uses.
 */
export interface ResourceType {
  /** Properties that the provider's schema requires. */
  readonly required?: readonly string[];
  readonly naming?: Naming;
  /** Formats of single properties, by dotted path. Checked in preview too. */
  readonly rules?: Readonly<Record<string, Rule>>;
  /** Properties that hold a JSON document and may be given as an object. */
  readonly documents?: readonly string[];
  /** Checks several properties together, in preview too. Returns pairs of a property and what is wrong with it. */
  readonly crossChecks?: (inputs: Bag) => readonly (readonly [string, string])[];
  readonly references?: readonly Reference[];
  /** Checks that need the account's state. Throws AwsError. `old` is given for an update. */
  readonly checks?: (draft: Draft, old?: ResourceRecord) => void;
  /** A key, besides the id, that no two resources of the type may share. */
  readonly unique?: (inputs: Bag) => string | undefined;
  /** Error code when the id or the `unique` key is taken. */
  readonly taken?: string;
  /** Error code when a reference points to a resource that does not exist. */
  readonly notFound?: string;
  /** Error code when it is deleted while other resources use it. */
  readonly inUse?: string;
  /** Properties (dotted paths) that AWS cannot change in place. */
  readonly replaceOn?: readonly string[];
  /** The type has `tags` and `tagsAll`. */
  readonly tags?: true;
  /** Returns a new id. Default: the physical name. */
  readonly id?: (draft: Draft) => string;
  /** Returns the id in a reference's value, which may be an ARN. Default: the value itself. */
  readonly idOf?: (value: string) => string;
  /** The values that AWS shows for properties that were not set. */
  readonly defaults?: Bag;
  /** Returns the properties that AWS adds at creation. */
  readonly computed?: (created: Created) => Bag;
  /** Returns the part of `computed` that depends on properties which an update may change. */
  readonly recomputed?: (created: Created) => Bag;
  /**
   * Starts what the record stands for (a cluster's control plane) once the record is stored, and returns more of `computed`.
   * It is called again on an update and when an interrupted create is continued, and must therefore be idempotent.
   */
  readonly provision?: (created: Created, host: Host) => Promise<Bag>;
  /** Ends what the resource has set going, before its record is deleted. */
  readonly release?: (
    record: ResourceRecord,
    account: AwsAccount,
    store: Store,
    host: Host,
  ) => Promise<void>;
  /** Makes what AWS leaves in the account, or makes again by itself, once the record is deleted. */
  readonly leave?: (record: ResourceRecord, account: AwsAccount, store: Store) => void;
  /** Refuses a deletion by throwing AwsError. */
  readonly guard?: (record: ResourceRecord, account: AwsAccount, store: Store) => void;
}

/** Resource types by token. */
export type TypeTable = Readonly<Record<string, ResourceType>>;

/** Returns `arn:<partition>:<service>:<region>:<account>:<resource>`. */
export function arn({ account }: Draft, service: string, resource: string): string {
  return `arn:${account.partition}:${service}:${account.region}:${account.id}:${resource}`;
}

/** Returns an ARN of a service without regions. */
export function globalArn({ account }: Draft, service: string, resource: string): string {
  return `arn:${account.partition}:${service}::${account.id}:${resource}`;
}

/** Returns the text after the last slash, which is the name or id in most ARNs. */
export function lastSegment(value: string): string {
  return value.slice(value.lastIndexOf("/") + 1);
}

/** Returns the property as a string, or "" if it is not set. */
export function textOf(inputs: Bag, key: string): string {
  const value: Json | undefined = inputs[key];
  return typeof value === "string" ? value : "";
}
