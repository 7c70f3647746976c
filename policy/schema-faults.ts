import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { at, dotted, listOf, shown, textOf, type Step } from "./values.ts";

/** Something that an object has wrong by its kind's schema, and where in it. */
export interface Fault {
  /** Dotted. */
  readonly path: string;
  /** What stands there, as text. */
  readonly found: string;
  /** What may stand there, as "must ...". */
  readonly allowed: string;
}

/** A compiler of JSON Schemas that finds every fault. What it does not know, such as `format`, it ignores. */
export function newCompiler(): Ajv {
  return new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    validateFormats: false,
    validateSchema: false,
    // Kubernetes writes patterns for Go's regular expressions, which are not as strict as JavaScript's Unicode ones.
    unicodeRegExp: false,
    // Twice as fast to compile, and what it makes runs a few times only.
    code: { optimize: false },
  });
}

/** What a value has wrong by a compiled schema; empty when it is in order. */
export function faultsBy(validate: ValidateFunction, value: unknown): Fault[] {
  validate(value);
  return (validate.errors ?? []).map((error) => faultOf(error, stepsTo(value, error.instancePath)));
}

const typeNames: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  object: "a map",
  string: "a string",
};

function faultOf(
  { keyword, params, data, message, parentSchema }: ErrorObject,
  path: readonly Step[],
): Fault {
  const here = (allowed: string): Fault => ({ path: dotted(path), found: shown(data), allowed });
  switch (keyword) {
    case "required":
      return {
        path: dotted([...path, String(params["missingProperty"])]),
        found: "nothing",
        allowed: "must be there",
      };
    case "additionalProperties": {
      const type = textOf(at(parentSchema, "title")) || "the kind";
      return {
        path: dotted([...path, String(params["additionalProperty"])]),
        found: "an unknown field",
        allowed: `must be a field of ${type}`,
      };
    }
    case "type": {
      const types = [params["type"]].flat().map(String);
      return here(`must be ${types.map((type) => typeNames[type] ?? type).join(" or ")}`);
    }
    case "enum": {
      const words = listOf(params["allowedValues"]).map((word) => JSON.stringify(word));
      return here(`must be one of ${words.join(", ")}`);
    }
    default:
      return here(message ?? `must keep ${keyword}`);
  }
}

/** The steps of a JSON pointer: in a list a number, in a map a key. */
function stepsTo(value: unknown, pointer: string): Step[] {
  const steps: Step[] = [];
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    steps.push(Array.isArray(at(value, ...steps)) ? Number(key) : key);
  }
  return steps;
}
