import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeNew, writeWhole } from "../../lib/write-file.ts";
import { isBag, type Bag } from "./properties.ts";

/** Who created a resource. A create whose answer was lost finds its resource again by it: see create in resources.ts. */
interface RecordOrigin {
  /** Hash of the URN and the inputs. */
  readonly token: string;
  /** The engine that created it. */
  readonly engine: string;
  /** Whether an engine has used the id. */
  readonly acknowledged: boolean;
  /** The later engine whose create returned this resource, if any. */
  readonly adoptedBy: string;
  /** The service that still writes to it, although what it wrote about is deleted. */
  readonly lateWriter?: string;
}

/** One resource as the double stores it: a file that a person may read, and may edit or delete to cause drift. */
export interface ResourceRecord {
  readonly type: string;
  readonly id: string;
  /** What the program asked for. */
  readonly inputs: Bag;
  /** What AWS would add. For a key that is also in `inputs`, AWS shows this value. */
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

/** A resource with that id or unique key already exists. */
export class TakenError extends Error {
  readonly existing: string;
  constructor(existing: string) {
    super(`${existing} is taken`);
    this.existing = existing;
  }
}

/**
 * The resources of one account, one JSON file each: `<root>/<service>/<type>/<id>.json`. Several provider processes
 * use them at once. Therefore nothing is kept in memory, files appear whole, and names are claimed by exclusive create.
 */
export class Store {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Returns the record, or undefined. @throws Error that names the file if an edit has made it unreadable */
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

  /** Returns every resource of a type, ordered by id. */
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
   * @param keys keys that no other resource of the type may have
   * @throws TakenError if its id or one of its keys belongs to another resource
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

  /** Replaces a resource's record. */
  update(record: ResourceRecord): void {
    this.write(record, "replace");
  }

  /** Deletes a resource's record, if there is one. */
  delete(type: string, id: string, keys: readonly string[] = []): void {
    // Keys first: a key without its record belongs to nobody.
    for (const key of keys) {
      if (this.holder(type, key) === id) rmSync(this.keyFile(type, key), { force: true });
    }
    rmSync(this.file(type, id), { force: true });
  }

  /** Returns the id of the resource that has a unique key, if that resource still exists. */
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
    // A killed process left a claim without a resource.
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
