import type { Part } from "./part.ts";
import { manifestOf } from "./plan.ts";
import type { Resource } from "./rule.ts";
import {
  at,
  entriesOf,
  isAbsent,
  isMap,
  listOf,
  mapOf,
  textOf,
  unknownValue,
  type Step,
} from "./values.ts";

/**
 * The name of a Kubernetes object in its cluster, such as `argocd/argocd-cm`; its resource's where it has none.
 * @returns undefined while it is not known
 */
export function objectName({ name, props }: Pick<Resource, "name" | "props">): string | undefined {
  const [namespace, own] = ["namespace", "name"].map((key) => at(props, "metadata", key));
  if (namespace === unknownValue || own === unknownValue) return undefined;
  return [textOf(namespace), textOf(own) || name].filter(Boolean).join("/");
}

/** What of an object only says how it runs: keys at any depth, by kind. */
const ofPods = [
  ...["affinity", "nodeSelector", "tolerations", "topologySpreadConstraints"],
  ...["resources", "terminationGracePeriodSeconds", "imagePullPolicy"],
  ...["terminationMessagePath", "terminationMessagePolicy"],
  ...["replicas", "revisionHistoryLimit", "strategy", "updateStrategy"],
];
const operational: Readonly<Record<string, readonly string[]>> = {
  Deployment: ofPods,
  StatefulSet: ofPods,
  ApplicationSet: ["requeueAfterSeconds"],
  ConfigMap: ["timeout.reconciliation", "timeout.reconciliation.jitter", "interval"],
  NodePool: ["disruption", "limits"],
};
/** Of a probe only a command counts: it runs with the rights of the container. */
const probes = ["livenessProbe", "readinessProbe", "startupProbe"];

/** Labels and annotations that say what an object belongs to, and those of Pulumi's provider. */
const descriptive = /^(app\.kubernetes\.io|pulumi\.com|kubectl\.kubernetes\.io)\//;

/** The parts of an object that grant or redirect power: all of it but its names and how it runs. */
export function objectParts(resource: Pick<Resource, "type" | "props">): Part[] {
  const manifest = manifestOf(resource) ?? {};
  const { apiVersion, kind, metadata, ...content } = manifest;
  const named = manifestOf({ ...resource, props: {} }) ?? {};
  return [
    // Its type says what it is; inputs that say something else are parts.
    ...Object.entries({ apiVersion, kind })
      .filter(([key, value]) => value !== named[key])
      .map(([key, value]) => ({ path: [key], key, value })),
    ...["labels", "annotations"].flatMap((key) =>
      entriesOf(at(metadata, key))
        .filter(([name]) => !descriptive.test(name))
        .map(([name, value]) => ({
          path: ["metadata", key, name],
          key: joined(`metadata.${key}`, name),
          value,
        })),
    ),
    ...partsIn(at(metadata, "finalizers"), ["metadata", "finalizers"], "metadata.finalizers"),
    ...partsIn(judged(textOf(kind), content), [], ""),
  ];
}

/** The content of an object as lines have it: no secrets, nothing operational, and services by their place. */
function judged(kind: string, content: Readonly<Record<string, unknown>>): unknown {
  if (kind === "Secret") return withHiddenData(content);
  if (kind === "ImageUpdater") return forAnyService(content);
  return withoutOperational(content, kind);
}

function withHiddenData(content: Readonly<Record<string, unknown>>) {
  const hidden = (map: unknown) =>
    Object.fromEntries(entriesOf(map).map(([key]) => [key, "(hidden)"]));
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [
      key,
      ["data", "stringData"].includes(key) ? hidden(value) : value,
    ]),
  );
}

const serviceName = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** Which services there are the catalog says: each has an element of its own. */
function forAnyService(content: Readonly<Record<string, unknown>>) {
  const elements = listOf(at(content, "spec", "applicationRefs")).map((element) => {
    const service = textOf(at(element, "namePattern"));
    return serviceName.test(service) ? withService(element, service) : element;
  });
  return { ...content, spec: { ...mapOf(content["spec"]), applicationRefs: elements } };
}

function withService(value: unknown, service: string): unknown {
  if (value === service) return "<service>";
  if (typeof value === "string") {
    return value.endsWith(`/${service}.yaml`)
      ? `${value.slice(0, -`${service}.yaml`.length)}<service>.yaml`
      : value;
  }
  if (Array.isArray(value)) return value.map((item) => withService(item, service));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withService(inner, service)]),
  );
}

function withoutOperational(value: unknown, kind: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutOperational(item, kind));
  if (!isMap(value)) return value;
  const left = operational[kind] ?? [];
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (left.includes(key)) return [];
      if (left === ofPods && probes.includes(key)) {
        const exec = at(inner, "exec");
        return isAbsent(exec) ? [] : [[key, { exec }]];
      }
      return [[key, withoutOperational(inner, kind)]];
    }),
  );
}

/** Up to this many values a map is one line. Their lengths differ between stacks, their number does not. */
const few = 4;

/** A value in parts, each small enough for a line: maps by their keys, lists of named things by the names. */
function partsIn(value: unknown, path: readonly Step[], key: string): Part[] {
  if (isAbsent(value)) return [];
  const isWhole = path.length > 1 && leaves(value) <= few;
  if (isMap(value) && !isWhole) {
    return Object.entries(value).flatMap(([step, inner]) =>
      partsIn(inner, [...path, step], joined(key, step)),
    );
  }
  const items = listOf(value).filter(isMap);
  if (items.length === 0 || items.length < listOf(value).length) return [{ path, key, value }];
  const names = items.map(({ name }) => textOf(name));
  const areNamed = new Set(names).size === names.length && !names.includes("");
  return items.flatMap((item, index) => {
    const here = [...path, index];
    if (!areNamed) return [{ path: here, key: `${key}[]`, value: item }];
    const { name, ...rest } = item;
    return partsIn(rest, here, `${key}[${textOf(name)}]`);
  });
}

function joined(key: string, step: string): string {
  if (!/^[\w/-]+$/.test(step)) return `${key}[${JSON.stringify(step)}]`;
  return key === "" ? step : `${key}.${step}`;
}

function leaves(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return entriesOf(value).reduce((sum, [, inner]) => sum + leaves(inner), 0);
}
