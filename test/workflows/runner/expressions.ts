import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { z } from "zod";

/**
 * Evaluates `${{ }}` with GitHub's own library. A context or a function that GitHub does not have is an error; a missing
 * member is null, as on GitHub.
 */

const Value = z.json();
/** A context's value: what JSON can hold. */
export type Value = z.infer<typeof Value>;

/** Contexts by their name, such as `github` and `vars`. */
export type Contexts = Readonly<Record<string, Value>>;

/** Functions that the library leaves to the runner, such as `success` and `hashFiles`; they get their arguments as text. */
export type Functions = Readonly<Record<string, (...args: readonly string[]) => Value>>;

/** Returns a text with each expression expanded. */
export function expand(text: string, contexts: Contexts, functions: Functions = {}): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    result(expression, contexts, functions).coerceString(),
  );
}

/** Returns the value of one expression, with or without `${{ }}` around it. */
export function evaluate(text: string, contexts: Contexts, functions: Functions = {}): Value {
  const [, expression = text] = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text) ?? [];
  const found = result(expression, contexts, functions);
  return Value.parse(JSON.parse(JSON.stringify(found, data.replacer)));
}

/** Whether GitHub takes a value as true. */
export function isTrue(value: Value): boolean {
  return value !== "" && value !== 0 && value !== false && value !== null;
}

function result(expression: string, contexts: Contexts, functions: Functions) {
  try {
    const definitions = Object.entries(functions).map(([name, call]) => ({
      name: name.toLowerCase(),
      minArgs: 0,
      maxArgs: 255,
      call: (...args: data.ExpressionData[]) =>
        toData(call(...args.map((argument) => argument.coerceString()))),
    }));
    const { tokens } = new Lexer(expression.trim()).lex();
    const tree = new Parser(tokens, Object.keys(contexts), definitions).parse();
    const known = new Map(definitions.map((definition) => [definition.name, definition]));
    return new Evaluator(tree, dictionary(contexts), known).evaluate();
  } catch (error) {
    throw new Error(`"${expression.trim()}": ${String(error)}`, { cause: error });
  }
}

function toData(value: Value): data.ExpressionData {
  if (value === null) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  return dictionary(value);
}

function dictionary(values: Contexts): data.Dictionary {
  return new data.Dictionary(
    ...Object.entries(values).map(([key, value]) => ({ key, value: toData(value) })),
  );
}
