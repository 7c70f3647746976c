/**
 * Expands `${{ }}` as GitHub does, as far as these workflows use it: contexts, `[ ]`, literals, `format()`, `!`, `==`,
 * `!=`, `&&`, `||`. Anything else is an error: a test never runs a step with a guess.
 */

/** A context's value; a missing one is the empty text, as on GitHub. */
export type Value = string | number | boolean | { readonly [key: string]: Value };

const token =
  /\s*(?:'((?:[^']|'')*)'|(\d+)|(true|false)\b|([A-Za-z_][\w-]*)|(&&|\|\||==|!=|[!().,[\]]))/y;

/** Returns a text with each expression expanded. */
export function expand(text: string, contexts: Readonly<Record<string, Value>>): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    textOf(evaluate(expression, contexts)),
  );
}

/** Returns the value of one expression. */
export function evaluate(expression: string, contexts: Readonly<Record<string, Value>>): Value {
  const tokens = tokenise(expression.trim());
  let position = 0;
  const peek = () => tokens[position];
  const accept = (mark: string) => {
    if (peek()?.mark !== mark) return false;
    position += 1;
    return true;
  };
  const demand = (mark: string) => {
    if (!accept(mark)) throw new Error(`"${expression}": ${mark} is missing`);
  };
  const or = (): Value => {
    let left = and();
    while (accept("||")) {
      const right = and();
      left = isTrue(left) ? left : right;
    }
    return left;
  };
  const and = (): Value => {
    let left = equality();
    while (accept("&&")) {
      const right = equality();
      left = isTrue(left) ? right : left;
    }
    return left;
  };
  const equality = (): Value => {
    const left = operand();
    if (accept("==")) return textOf(left).toLowerCase() === textOf(operand()).toLowerCase();
    if (accept("!=")) return textOf(left).toLowerCase() !== textOf(operand()).toLowerCase();
    return left;
  };
  const operand = (): Value => {
    if (accept("!")) return !isTrue(operand());
    if (accept("(")) {
      const inner = or();
      demand(")");
      return inner;
    }
    const next = tokens[position];
    position += 1;
    if (next?.literal !== undefined) return next.literal;
    if (next?.name === undefined) throw new Error(`"${expression}": a value is missing`);
    return accept("(") ? call(next.name) : members(member(contexts, next.name));
  };
  const call = (name: string): Value => {
    if (name !== "format") throw new Error(`"${expression}": ${name}() is not known here`);
    const [pattern = "", ...values] = list();
    return textOf(pattern).replaceAll(/\{(\d+)\}/g, (_, index: string) =>
      textOf(values[Number(index)] ?? ""),
    );
  };
  const list = (): Value[] => {
    const values = [or()];
    while (accept(",")) values.push(or());
    demand(")");
    return values;
  };
  const members = (start: Value): Value => {
    let value = start;
    for (;;) {
      if (accept(".")) {
        value = member(value, tokens[position]?.name ?? "");
        position += 1;
      } else if (accept("[")) {
        value = member(value, textOf(or()));
        demand("]");
      } else return value;
    }
  };
  const result = or();
  if (position < tokens.length) throw new Error(`"${expression}": more than one expression`);
  return result;
}

interface Token {
  readonly literal?: Value;
  readonly name?: string;
  readonly mark?: string;
}

function tokenise(expression: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.length) {
    const start = token.lastIndex;
    const found = token.exec(expression);
    if (found === null) throw new Error(`"${expression}": not understood at ${start}`);
    const [, text, number, boolean, name, mark] = found;
    if (text !== undefined) tokens.push({ literal: text.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ literal: Number(number) });
    else if (boolean !== undefined) tokens.push({ literal: boolean === "true" });
    else tokens.push(name === undefined ? { mark: mark ?? "" } : { name });
  }
  return tokens;
}

/** Returns a member by its name; GitHub ignores case. */
function member(value: Value, name: string): Value {
  if (typeof value !== "object") return "";
  const key = Object.keys(value).find((own) => own.toLowerCase() === name.toLowerCase());
  return key === undefined ? "" : (value[key] ?? "");
}

const isTrue = (value: Value): boolean => value !== "" && value !== 0 && value !== false;

function textOf(value: Value): string {
  if (typeof value === "object") throw new Error("a whole context is no text");
  return String(value);
}
