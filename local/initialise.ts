import { dirname } from "node:path/posix";
import { isScalar, parseDocument, stringify } from "yaml";
import { applicationsFolder, serviceFileEnding } from "../catalog/service.ts";
import { environments, type Environment } from "../config/environments.ts";
import { registryHost } from "../config/schema.ts";

/** What makes a copy of this repository somebody's own: where it is and whose accounts it provisions. */
export interface RepositoryFacts {
  readonly url: string;
  readonly branch: string;
  readonly accounts: Readonly<
    Record<Environment, { readonly accountId: string; readonly region: string }>
  >;
}

const ecrHost = /\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=\/)/g;

/** Whether {@link initialise} would look at this path. */
export function namesFacts(path: string): boolean {
  return stackOf(path) !== undefined || environmentOfService(path) !== undefined;
}

/**
 * Puts the repository's address and the accounts' numbers into the stack files and the service files. Nothing else
 * changes: comments, order and line breaks stay, and so does a file that cannot be read (its own checks complain).
 *
 * @param files text by path, relative to the repository's root with `/`
 * @returns the files that change, with their new text
 */
export function initialise(
  files: ReadonlyMap<string, string>,
  facts: RepositoryFacts,
): Map<string, string> {
  const changed = new Map<string, string>();
  for (const [path, text] of files) {
    const next = rewritten(path, text, facts);
    if (next !== text) changed.set(path, next);
  }
  return changed;
}

function rewritten(path: string, text: string, facts: RepositoryFacts): string {
  const stack = stackOf(path);
  if (stack !== undefined) {
    const { accountId, region } = facts.accounts[stack];
    return setScalars(text, [
      [["config", "idp:aws", "accountId"], accountId],
      [["config", "idp:aws", "region"], region],
      [["config", "idp:repository", "url"], facts.url],
      [["config", "idp:repository", "branch"], facts.branch],
    ]);
  }
  const environment = environmentOfService(path);
  return environment === undefined
    ? text
    : text.replace(ecrHost, registryHost(facts.accounts[environment]));
}

function stackOf(path: string): Environment | undefined {
  return environments.find((environment) => path === `Pulumi.${environment}.yaml`);
}

function environmentOfService(path: string): Environment | undefined {
  const folder = dirname(path);
  return path.endsWith(serviceFileEnding)
    ? environments.find((environment) => folder === applicationsFolder(environment))
    : undefined;
}

/** Replaces string values in YAML text where they stand; a path that is not there, or unreadable text, changes nothing. */
export function setScalars(
  text: string,
  values: readonly (readonly [path: readonly string[], value: string])[],
): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return text;
  const edits = values.flatMap(([path, value]) => {
    const node = document.getIn(path, true);
    if (!isScalar(node) || !node.range || node.value === value) return [];
    const [start, end] = node.range;
    return [{ start, end, value: scalarText(value, node.type) }];
  });
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce(
      (edited, { start, end, value }) => edited.slice(0, start) + value + edited.slice(end),
      text,
    );
}

/** In the quotes that stood there; an unquoted value stays so unless YAML would take it for something else. */
function scalarText(value: string, type: string | undefined): string {
  if (type === "QUOTE_DOUBLE") return JSON.stringify(value);
  if (type === "QUOTE_SINGLE") return `'${value.replaceAll("'", "''")}'`;
  return stringify(value, { lineWidth: 0 }).trimEnd();
}
