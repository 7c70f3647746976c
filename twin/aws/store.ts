import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeNew, writeWhole } from "../../lib/write-file.ts";
import { isBag, type Bag } from "./properties.ts";

/** Who made a resource, so that a create whose answer was lost finds its own resource again: see create in resources.ts. */
export interface RecordOrigin {
  /** Hash of the URN and of what was wanted. */
  readonly token: string;
  /** The engine that created it. */
  readonly engine: string;
  /** Whether an engine has shown that it knows the id. */
  readonly acknowledged: boolean;
  /** The later engine that was given it in answer to its own create, if any. */
  readonly adoptedBy: string;
}

/** One resource as the double remembers it: a file that a person may read, edit (drift) or delete (drift). */
export interface ResourceRecord {
  readonly type: string;
  readonly id: string;
  /** What the program asked for. */
  readonly inputs: Bag;
  /** What "AWS" added. A key that is in both: this one is what AWS shows. */
  readonly computed: Bag;
  readonly origin: RecordOrigin;
}

function isRecord(value: unknown): value is ResourceRecord {
  if (!isBag(value)) return false;
  const origin = value["origin"];
  return (
    typeof value["type"] === "string" &&
    typeof value["id"] === "string" &&
    isBag(value["inputs"]) &&
    isBag(value["computed"]) &&
    isBag(origin) &&
    ["token", "engine", "adoptedBy"].every((key) => typeof origin[key] === "string") &&
    typeof origin["acknowledged"] === "boolean"
  );
}

/** A resource with that id or unique key is already there. */
export class TakenError extends Error {
  readonly existing: string;
  constructor(existing: string) {
    super(`${existing} is taken`);
    this.existing = existing;
  }
}

/**
 * The resources of one account, one JSON file each: `<root>/<service>/<type>/<id>.json`. Several provider processes
 * work on them at once, so nothing is kept in memory, files appear whole, and names are claimed by exclusive create.
 */
export class Store {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** The record, or undefined. @throws Error naming the file when a person's edit left something unreadable */
  read(type: string, id: string): ResourceRecord | undefined {
    const file = this.file(type, id);
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw new Error(`${file} is not JSON: ${String(error)}. Fix: correct or delete the file.`);
    }
    if (isRecord(content)) return content;
    throw new Error(
      `${file} is not a record of the AWS double: it needs type, id, inputs, computed and origin. Fix: correct or delete the file.`,
    );
  }

  /** Every resource of a type, in the order of their ids. */
  list(type: string): ResourceRecord[] {
    const directory = this.directory(type);
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => name.endsWith(".json"))
      .sort()
      .map((name) => this.read(type, decodeURIComponent(name.slice(0, -".json".length))))
      .filter((record) => record !== undefined);
  }

  /**
   * Adds a resource.
   * @param keys what no other resource of the type may share
   * @throws TakenError when its id or one of its keys belongs to another one
   */
  create(record: ResourceRecord, keys: readonly string[] = []): void {
    const claimed: string[] = [];
    try {
      for (const key of keys) {
        this.claim(record.type, key, record.id);
        claimed.push(key);
      }
      this.write(record, "exclusive");
    } catch (error) {
      for (const key of claimed) rmSync(this.keyFile(record.type, key), { force: true });
      throw error;
    }
  }

  /** Replaces what is known of a resource. */
  update(record: ResourceRecord): void {
    this.write(record, "replace");
  }

  /** Forgets a resource; one that is not there is no error. */
  delete(type: string, id: string, keys: readonly string[] = []): void {
    // Keys first: a key whose record is gone belongs to nobody.
    for (const key of keys) {
      if (this.holder(type, key) === id) rmSync(this.keyFile(type, key), { force: true });
    }
    rmSync(this.file(type, id), { force: true });
  }

  /** The id of the resource that holds a unique key, if that resource still exists. */
  holder(type: string, key: string): string | undefined {
    try {
      const id = readFileSync(this.keyFile(type, key), "utf8");
      return existsSync(this.file(type, id)) ? id : undefined;
    } catch {
      return undefined;
    }
  }

  private claim(type: string, key: string, id: string): void {
    const file = this.keyFile(type, key);
    const holder = this.holder(type, key);
    if (holder !== undefined) throw new TakenError(holder);
    // A claim whose resource is gone was left by a killed process.
    rmSync(file, { force: true });
    if (!writeNew(file, id)) throw new TakenError(id);
  }

  private write(record: ResourceRecord, how: "exclusive" | "replace"): void {
    const text = `${JSON.stringify(record, null, 2)}\n`;
    const file = this.file(record.type, record.id);
    if (how === "replace") writeWhole(file, text);
    else if (!writeNew(file, text)) throw new TakenError(record.id);
  }

  private directory(type: string): string {
    // "aws:ec2/vpcEndpoint:VpcEndpoint" -> ec2/vpcEndpoint
    const [service = "", kind = ""] = (type.split(":")[1] ?? "").split("/");
    return join(this.root, service, kind);
  }

  private file(type: string, id: string): string {
    return join(this.directory(type), `${encodeURIComponent(id)}.json`);
  }

  private keyFile(type: string, key: string): string {
    const hash = createHash("sha256").update(key).digest("hex").slice(0, 24);
    return join(this.directory(type), ".unique", hash);
  }
}
