import type { Helm } from "../catalog/chart.ts";
import { readYaml } from "../catalog/yaml.ts";
import type { Environment } from "../config/environments.ts";
import { messageOf } from "../lib/message-of.ts";
import { registryOf, snapshot, type Workspace } from "./workspace.ts";
import { digestOfTag } from "./registry.ts";
import { renderAll, unifiedDiff } from "./render.ts";
import { requireService } from "./require-service.ts";
import { serviceFileOf } from "./services.ts";

/** What to compare. */
export interface DiffRequest {
  readonly service: string;
  readonly from: Environment;
  readonly to: Environment;
}

/** How a service differs between two environments, from git and the registries. */
export interface ServiceDiff {
  readonly service: string;
  /** The commit that was read. */
  readonly commit: string;
  readonly from: DiffSide;
  readonly to: DiffSide;
  readonly sameTag: boolean;
  /** Whether both tags stand for the same image; null when a registry does not say. */
  readonly sameDigest: boolean | null;
  /** The keys whose values differ between the two files. */
  readonly values: readonly DifferentValue[];
  /** Unified diff of the manifests rendered from the two files; empty when they are the same. */
  readonly manifest: string;
  /** What could not be read. */
  readonly problems: readonly string[];
}

/** One side of the comparison. */
export interface DiffSide {
  readonly environment: Environment;
  /** Repository inside the registry. */
  readonly image: string;
  readonly tag: string;
  /** The digest behind the tag; null when there is none or the registry does not say. */
  readonly digest: string | null;
}

/** A key whose values differ; null means that the file lacks the key. */
export interface DifferentValue {
  /** Such as `image.tag`. */
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/**
 * Returns how a service differs between two environments on the remote now. A registry that does not answer is listed
 * under the result's problems and is not a failure.
 * @throws Error when git does not answer, a service does not exist, or the chart cannot render it
 */
export async function diffService(
  workspace: Workspace,
  { service, from, to }: DiffRequest,
  helm: Helm,
): Promise<ServiceDiff> {
  if (from === to) throw new Error(`${from} and ${to} are the same environment; name two.`);
  const now = await snapshot(workspace.repository);
  const problems: string[] = [];
  const sideOf = async (environment: Environment) => {
    const { image, tag } = await requireService(workspace.repository, now, environment, service);
    const text = now.files.get(serviceFileOf(environment, service)) ?? "";
    try {
      const registry = await registryOf(workspace, now, environment);
      const digest = (await digestOfTag(registry, image, tag)) ?? null;
      if (digest === null) problems.push(`${environment}'s registry has no ${image}:${tag}`);
      return { text, side: { environment, image, tag, digest } };
    } catch (error) {
      problems.push(messageOf(error));
      return { text, side: { environment, image, tag, digest: null } };
    }
  };
  const [left, right] = [await sideOf(from), await sideOf(to)];
  const [before = "", after = ""] = await renderAll(
    workspace.repository,
    now,
    [
      { environment: from, service, text: left.text },
      { environment: to, service, text: right.text },
    ],
    helm,
  );
  const digests = [left.side.digest, right.side.digest];
  return {
    service,
    commit: now.commit,
    from: left.side,
    to: right.side,
    sameTag: left.side.tag === right.side.tag,
    sameDigest: digests.includes(null) ? null : digests[0] === digests[1],
    values: differentValues(valuesOf(left.text), valuesOf(right.text)),
    manifest: await unifiedDiff([from, to], [before, after]),
    problems,
  };
}

function valuesOf(text: string): unknown {
  return readYaml("", text).value;
}

/** Returns the leaves that differ between two values, in file order; those that only the second has come last. */
export function differentValues(from: unknown, to: unknown): DifferentValue[] {
  const [left, right] = [new Map(leaves(from, [])), new Map(leaves(to, []))];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const [before, after] = [left.get(key) ?? null, right.get(key) ?? null];
    return before === after ? [] : [{ key, from: before, to: after }];
  });
}

function leaves(value: unknown, path: readonly string[]): [string, unknown][] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : [[path.join("."), value]];
}
