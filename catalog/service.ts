import { z } from "zod";
import { applicationsFolder, serviceFileEnding, type Environment } from "../config/environments.ts";
import { finding, type Finding } from "./finding.ts";
import { nearest } from "./nearest.ts";
import {
  example,
  exampleTag,
  imageOf,
  serviceFile,
  ServiceFile,
  type CatalogRules,
  type Size,
} from "./schema.ts";
import type { Hold } from "./set-hold.ts";
import { readYaml, type YamlFile } from "./yaml.ts";

/** One service in one environment: its file's content with the defaults filled in. */
export interface Service {
  /** The file's name without its ending; also the Helm release, the Application and the namespace. */
  readonly name: string;
  /** Path from the repository's root. */
  readonly file: string;
  readonly image: {
    /** As written: `<host>/<name>`. */
    readonly repository: string;
    /** Host of the registry. */
    readonly host: string;
    /** Repository inside the registry, such as `idp/localtime`. */
    readonly name: string;
    /** As written; when the service is held, another version may run. */
    readonly tag: string;
  };
  /** The version that runs: the hold's if there is one, else the image's. */
  readonly tag: string;
  readonly port: number;
  readonly resources: Size;
  /** `min` and `max` are equal for a fixed number. */
  readonly replicas: { readonly min: number; readonly max: number };
  readonly health: { readonly live: string; readonly ready: string };
  readonly ingress: { readonly path: string; readonly host?: string | undefined } | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Which version must stay, and why; undefined while updates go on. */
  readonly hold: Hold | undefined;
}

/** The result for one file: a service, or everything that is wrong with it. */
export type ParsedService =
  | { readonly service: Service; readonly findings: readonly [] }
  | { readonly service: undefined; readonly findings: readonly Finding[] };

/** Returns the path of a service's file in an environment, from the repository's root. */
export function serviceFileOf(environment: Environment, service: string): string {
  return `${applicationsFolder(environment)}/${service}${serviceFileEnding}`;
}

/** Helm's limit for the name of a release. A service's name is one. */
const longestName = 53;

/** Namespaces that no service may use, as patterns in which `*` ends a prefix. */
export const reservedNamespaces = ["argocd", "default", "kube-*"] as const;

/**
 * Returns the service in a file, or the findings when it is not valid.
 *
 * @param file its path from the repository's root; the last part gives the service its name
 * @param rules of its environment; undefined where the settings that they come from are not valid
 */
export function parseService(
  file: string,
  text: string,
  rules: CatalogRules | undefined,
): ParsedService {
  const name = nameOf(file);
  const yaml = readYaml(file, text);
  const parsed = yaml.findings.length === 0 ? serviceFile(rules).safeParse(yaml.value) : undefined;
  const findings = [
    ...nameFindings(file, name),
    ...yaml.findings,
    ...(parsed?.error ? schemaFindings(parsed.error, yaml, rules) : []),
  ];
  if (!parsed?.success || findings.length > 0) return { service: undefined, findings };
  const { image, replicas, ingress, hold, ...rest } = parsed.data;
  const service: Service = {
    ...rest,
    name,
    file,
    image: { ...image, ...imageOf(image.repository) },
    replicas: typeof replicas === "number" ? { min: replicas, max: replicas } : replicas,
    ingress,
    hold,
  };
  return { service, findings: [] };
}

/**
 * Returns a service file's content, checked by the rules of every environment; undefined when it is not valid.
 * {@link serviceFileFindings} says what is wrong with it.
 */
export function readServiceFile(text: string): ServiceFile | undefined {
  const { value, findings } = readYaml("", text);
  return findings.length === 0 ? ServiceFile.safeParse(value).data : undefined;
}

/** Returns why {@link readServiceFile} does not take a text, in the file's order; nothing when it does. */
export function serviceFileFindings(file: string, text: string): Finding[] {
  const yaml = readYaml(file, text);
  if (yaml.findings.length > 0) return [...yaml.findings];
  const { error } = ServiceFile.safeParse(yaml.value);
  return error ? schemaFindings(error, yaml, undefined) : [];
}

/** Returns the service's name: the file's, without folder and ending. */
export function nameOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
}

function nameFindings(file: string, name: string): Finding[] {
  const refuse = (allowed: string) => [
    finding(
      { file, line: 1, column: 1 },
      {
        rule: "file-name",
        key: "",
        found: JSON.stringify(name),
        allowed,
        fix: `git mv ${file} ${file.slice(0, file.lastIndexOf("/"))}/<name>${serviceFileEnding}`,
      },
    ),
  ];
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name) || name.length > longestName) {
    return refuse(
      `must be a namespace's name: lowercase letters, digits and dashes, beginning with a letter, at most ${longestName} characters`,
    );
  }
  const taken = reservedNamespaces.some((pattern) =>
    pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
  return taken ? refuse(`must not be one of the platform's: ${reservedNamespaces.join(", ")}`) : [];
}

/** Returns the findings of a failed parse in the file's order: one for each unknown key and wrong or missing value. */
function schemaFindings(
  error: z.ZodError,
  yaml: YamlFile,
  rules: CatalogRules | undefined,
): Finding[] {
  const findings = error.issues
    .flatMap((issue) => specific(issue))
    .flatMap((issue) => issueFindings(issue, yaml, rules));
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

type Issue = z.core.$ZodIssue;

/** Returns, for a value that fits none of several forms, the faults in the form that was meant, if that is clear. */
function specific(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find(
    (issues) => !issues.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function issueFindings(issue: Issue, yaml: YamlFile, rules: CatalogRules | undefined): Finding[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...issue.path, key], yaml));
  }
  const { path } = issue;
  const source = yaml.sourceOf(path);
  if (path.length === 0) {
    return [
      finding(yaml.placeOf(path, "value"), {
        rule: "wrong-value",
        key: "",
        found: source === undefined ? "an empty file" : shown(source),
        allowed: `must be a map of ${Object.keys(example).join(", ")}`,
        fix: "start from the example in docs/services.md",
      }),
    ];
  }
  const key = path.join(".");
  // The message for a record's bad key is one level down.
  const allowed =
    (issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message;
  if (source === undefined) {
    return [
      finding(yaml.placeOf(path, "key"), {
        rule: "missing-key",
        key,
        found: "nothing",
        allowed,
        fix: `write for example ${sample(issue, undefined, rules)}`,
      }),
    ];
  }
  return [
    finding(yaml.placeOf(path, issue.code === "invalid_key" ? "key" : "value"), {
      rule: "wrong-value",
      key,
      found: issue.code === "invalid_key" ? "this name" : shown(source),
      allowed,
      fix: `write for example ${sample(issue, source, rules)}`,
    }),
  ];
}

function unknownKey(path: readonly PropertyKey[], yaml: YamlFile): Finding {
  const last = String(path.at(-1));
  const known = Object.keys(at(example, path.slice(0, -1)) ?? {});
  const meant = nearest(last, known);
  return finding(yaml.placeOf(path, "key"), {
    rule: "unknown-key",
    key: path.join("."),
    found: "an unknown key",
    allowed: `may be ${known.join(", ")}`,
    fix: meant ? `write ${meant}` : "delete it",
  });
}

/** Returns a correct line to replace a wrong or missing one. */
function sample(issue: Issue, source: string | undefined, rules: CatalogRules | undefined): string {
  const key = String(issue.path.at(-1) ?? "");
  if (issue.code === "invalid_key") return key.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
  const given: unknown = issue.code === "custom" ? issue.params?.["example"] : undefined;
  const known: Readonly<Record<string, unknown>> = rules
    ? {
        "image.repository": `${rules.registryHost}/${imageOf(example.image.repository).name}`,
        "image.tag": exampleTag(rules.strategy),
        "hold.tag": exampleTag(rules.strategy),
      }
    : {};
  const value = given ?? known[issue.path.join(".")] ?? at(example, issue.path);
  if (value === undefined) return `${key}: "${source ?? ""}"`;
  // Image Updater formats a file anew that has its image in quotes.
  const isPlain = typeof value === "string" && /^[a-z][a-z0-9./-]*$|^[0-9]+\.dkr\./.test(value);
  return `${key}: ${isPlain ? value : JSON.stringify(value)}`;
}

function at(value: unknown, path: readonly PropertyKey[]): object | string | number | undefined {
  const found = path.reduce<unknown>(
    (inner, part) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, part) : undefined,
    value,
  );
  return (typeof found === "object" && found !== null) ||
    typeof found === "string" ||
    typeof found === "number"
    ? found
    : undefined;
}

function shown(source: string): string {
  const [line = "", ...more] = source.trim().split(/\r?\n/);
  return more.length > 0 ? `${line} ...` : line || "nothing";
}
