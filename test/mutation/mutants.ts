import ts from "typescript";

/** One small mistake that somebody could have made in a source. */
export interface Mutant {
  /** From 1. */
  readonly line: number;
  /** What stood there, on one line. */
  readonly from: string;
  readonly to: string;
  /** The whole source with the mistake in it. */
  readonly source: string;
}

/** Properties of a rule that are words for people: no condition hangs on them. */
const words = ["name", "reason", "fix", "severity", "link"];

/** An operator and the mistakes for it. */
const operators: ReadonlyMap<ts.SyntaxKind, readonly string[]> = new Map([
  [ts.SyntaxKind.EqualsEqualsEqualsToken, ["!=="]],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, ["==="]],
  [ts.SyntaxKind.AmpersandAmpersandToken, ["||"]],
  [ts.SyntaxKind.BarBarToken, ["&&"]],
  [ts.SyntaxKind.LessThanToken, [">=", "<="]],
  [ts.SyntaxKind.LessThanEqualsToken, [">", "<"]],
  [ts.SyntaxKind.GreaterThanToken, ["<=", ">="]],
  [ts.SyntaxKind.GreaterThanEqualsToken, ["<", ">"]],
  [ts.SyntaxKind.PlusToken, ["-"]],
  [ts.SyntaxKind.MinusToken, ["+"]],
]);

/** Methods and the mistakes for them. */
const methods: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  startsWith: "endsWith",
  endsWith: "startsWith",
  max: "min",
  min: "max",
};

/** What stands in place of a rule's levels. */
const levels = [
  '{ dev: "disabled", staging: "disabled", prod: "disabled" }',
  '{ dev: "mandatory", staging: "advisory", prod: "mandatory" }',
];

/**
 * Every mutant of a source: comparisons and logic turned round, conditions that always or never hold, texts and patterns
 * that match nothing, elements and filters left out. Types, imports and a rule's words are left alone.
 */
export function mutantsOf(source: string): Mutant[] {
  const file = ts.createSourceFile("source.ts", source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const replace = (node: ts.Node, to: string) => {
    const [start, end] = [node.getStart(file), node.getEnd()];
    const from = source.slice(start, end);
    mutants.push({
      line: file.getLineAndCharacterOfPosition(start).line + 1,
      from: from.replaceAll(/\s+/g, " "),
      to: to.replaceAll(/\s+/g, " "),
      source: source.slice(0, start) + to + source.slice(end),
    });
  };
  const visit = (node: ts.Node): void => {
    if (isLeftAlone(node)) return;
    for (const to of [...mistakesFor(node, file), ...outcomesFor(node, file)]) replace(node, to);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return mutants;
}

function isLeftAlone(node: ts.Node): boolean {
  return (
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isTypeNode(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    (ts.isPropertyAssignment(node) && words.includes(node.name.getText()) && isOfRule(node))
  );
}

/** Whether a property is a rule's own: of an object that a constant of the module holds. */
function isOfRule({ parent }: ts.PropertyAssignment): boolean {
  return ts.isVariableDeclaration(parent.parent) && parent.parent.type?.getText() === "Rule";
}

/** What may stand in a node's place by mistake. */
function mistakesFor(node: ts.Node, file: ts.SourceFile): string[] {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent) && parent.initializer === node && isOfRule(parent)) {
    if (parent.name.getText(file) === "levels") return [...levels];
  }
  if (ts.isIdentifier(node)) {
    const isMethod = ts.isPropertyAccessExpression(parent) && parent.name === node;
    const to = isMethod && Object.hasOwn(methods, node.text) ? methods[node.text] : undefined;
    return to === undefined ? [] : [to];
  }
  if (ts.isStringLiteral(node)) return stringMistakes(node);
  if (ts.isRegularExpressionLiteral(node)) return ["/(?!)/", "/(?:)/"];
  if (ts.isNumericLiteral(node)) return [String(Number(node.text) + 1)];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ["false"];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ["true"];
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [node.operand.getText(file)];
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [node.left.getText(file), node.right.getText(file)];
    return (operators.get(node.operatorToken.kind) ?? []).map((to) => `${left} ${to} ${right}`);
  }
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    return name.text === "filter" ? [expression.getText(file)] : [];
  }
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0) return ["[]"];
  return [];
}

function stringMistakes(node: ts.StringLiteral): string[] {
  if (["refuse", "wait"].includes(node.text)) return [node.text === "wait" ? '"refuse"' : '"wait"'];
  // A key in quotes is a name; what is empty cannot be emptied.
  return ts.isPropertyAssignment(node.parent) && node.parent.name === node
    ? []
    : [node.text === "" ? '"?"' : '""'];
}

/** Both outcomes for what decides which way the program goes, unless it has mistakes that turn it round. */
function outcomesFor(node: ts.Node, file: ts.SourceFile): string[] {
  const { parent } = node;
  const decides =
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node);
  if (!decides || ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node)) return [];
  const text = node.getText(file);
  return [`(true || ${text})`, `(false && ${text})`];
}
