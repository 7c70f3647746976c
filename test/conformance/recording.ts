import { z } from "zod";

/** What was planned for one resource, or made of it. */
export interface Registered {
  /** "type name" of the parent; empty without one. */
  readonly parent: string;
  readonly inputs: unknown;
}

/** A plan: what the engine would do to resources, by "operation type name". */
export type Plan = Readonly<
  Record<string, Registered & { /** The inputs that differ, sorted. */ readonly diffs: string[] }>
>;

/** A resource of the stack. */
export interface Made extends Registered {
  readonly protect: boolean;
  /** "type name" of its provider; empty for a component. */
  readonly provider: string;
  /** Of a component what the program reads; of a resource nothing, since the AWS double answers for both. */
  readonly outputs: unknown;
  /** "type name" of what must be made before it and deleted after it, sorted. */
  readonly needs: readonly string[];
}

/** What a program with these components did, in a form in which two runs can be compared. */
export interface Recording {
  /** The plan for an account with nothing in it. Values that are not known yet are {@link unknown}. */
  readonly firstPlan: Plan;
  /** The stack after the first `up`, by "type name". */
  readonly made: Readonly<Record<string, Made>>;
  /** What `up` warned of, with the resource, sorted. */
  readonly warnings: readonly string[];
  /** The plan of each usual change, by its name. */
  readonly changes: Readonly<Record<string, Plan>>;
  /** "type name" of what `destroy` deleted, first to last. */
  readonly deletions: readonly string[];
}

/** What the engine printed. */
export interface Printed {
  /** `pulumi preview --json` on an empty stack, with PULUMI_ENABLE_STREAMING_JSON_PREVIEW. */
  readonly firstPlan: string;
  /** `pulumi up --json`. */
  readonly up: string;
  /** `pulumi stack export --show-secrets` after it: what is encrypted differs each time. */
  readonly checkpoint: string;
  /** `pulumi preview --json` of each usual change. */
  readonly changes: Readonly<Record<string, string>>;
  /** `pulumi destroy --json`. */
  readonly destroy: string;
}

/** Stands for a value that a preview does not know. */
export const unknown = "<unknown>";

/** The engine's own word for it (pulumi/pulumi, sdk/go/common/resource/plugin/rpc.go, UnknownStringValue). */
const engineUnknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const Properties = z.record(z.string(), z.unknown());

const Event = z.object({
  resOutputsEvent: z
    .object({
      metadata: z.object({
        op: z.string(),
        urn: z.string(),
        diffs: z.array(z.string()).nullish(),
        new: z.object({ parent: z.string().default(""), inputs: Properties.default({}) }).nullish(),
      }),
    })
    .optional(),
  diagnosticEvent: z
    .object({ urn: z.string().optional(), message: z.string(), severity: z.string() })
    .optional(),
});

const Checkpoint = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        urn: z.string(),
        custom: z.boolean().default(false),
        id: z.string().default(""),
        parent: z.string().default(""),
        provider: z.string().default(""),
        protect: z.boolean().default(false),
        inputs: Properties.default({}),
        outputs: Properties.default({}),
        dependencies: z.array(z.string()).default([]),
      }),
    ),
  }),
});

/**
 * Returns what a run did. Ids, ARNs and names that the run made up become references to the resource that has them.
 *
 * @param accountId the account of the run; its digits are no made-up id
 * @throws Error if the engine printed something else, or the stack is not there
 */
export function recordingOf(printed: Printed, accountId: string): Recording {
  const { resources } = Checkpoint.parse(JSON.parse(printed.checkpoint)).deployment;
  const plain = normaliser(resources, accountId);
  const made = resources.map((resource): [string, Made] => [
    nameOf(resource.urn),
    {
      parent: nameOf(resource.parent),
      protect: resource.protect,
      provider: providerOf(resource.provider),
      inputs: plain(resource.inputs),
      outputs: resource.custom ? {} : plain(resource.outputs),
      needs: needsOf(resource),
    },
  ]);
  const planOf = (text: string): Plan =>
    Object.fromEntries(
      eventsIn(text).flatMap(({ resOutputsEvent }) => {
        if (resOutputsEvent === undefined) return [];
        const { op, urn, diffs, new: now } = resOutputsEvent.metadata;
        if (op === "same") return [];
        const registered = { parent: nameOf(now?.parent ?? ""), inputs: plain(now?.inputs ?? {}) };
        return [[`${op} ${nameOf(urn)}`, { ...registered, diffs: [...(diffs ?? [])].sort() }]];
      }),
    );
  return {
    firstPlan: planOf(printed.firstPlan),
    made: Object.fromEntries(made),
    warnings: warningsIn(eventsIn(printed.up)),
    changes: Object.fromEntries(
      Object.entries(printed.changes).map(([change, text]) => [change, planOf(text)]),
    ),
    deletions: eventsIn(printed.destroy).flatMap(({ resOutputsEvent }) =>
      resOutputsEvent?.metadata.op === "delete" ? [nameOf(resOutputsEvent.metadata.urn)] : [],
    ),
  };
}

type Resource = z.infer<typeof Checkpoint>["deployment"]["resources"][number];

/** "type name" of a URN such as `urn:pulumi:<stack>::<project>::<parents' types>$<type>::<name>`; empty of an empty one. */
function nameOf(urn: string): string {
  const [, , types, ...name] = urn.split("::");
  return types === undefined ? "" : `${types.slice(types.lastIndexOf("$") + 1)} ${name.join("::")}`;
}

/** Of `<urn>::<id>`. */
function providerOf(reference: string): string {
  return nameOf(reference.slice(0, reference.lastIndexOf("::")));
}

function needsOf({ parent, provider, dependencies }: Resource): string[] {
  const names = [nameOf(parent), providerOf(provider), ...dependencies.map(nameOf)];
  return [...new Set(names.filter((name) => name !== ""))].sort();
}

function eventsIn(text: string): z.infer<typeof Event>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => Event.parse(JSON.parse(line)));
}

/** What the engine says of plugins that are the same in both runs, or of where it found them. */
const aboutPlugins = [
  /^resource plugin (aws|kubernetes) is expected to have version /,
  /^using pulumi-\S+ from \$PATH/,
];

function warningsIn(events: readonly z.infer<typeof Event>[]): string[] {
  return events
    .flatMap(({ diagnosticEvent: event }) => {
      if (event === undefined || !["warning", "error"].includes(event.severity)) return [];
      const message = event.message.trim();
      if (aboutPlugins.some((pattern) => pattern.test(message))) return [];
      return [`${nameOf(event.urn ?? "")}: ${message}`];
    })
    .sort();
}

/** Outputs, at any depth, that may hold what a run made up. */
const madeUp = ["id", "arn", "allocationId", "clusterSecurityGroupId"];

/** Whether a text has a made-up part: seven hexadecimal digits, as AWS's ids and the engine's names end. */
function isMadeUp(text: string, accountId: string): boolean {
  return /(?<![0-9a-f])[0-9a-f]{7,}/.test(text.replaceAll(accountId, ""));
}

/** The texts in a value, each with its key. */
function textsIn(value: object): [string, string][] {
  return Object.entries(value).flatMap(([key, item]: [string, unknown]): [string, string][] => {
    if (typeof item === "string") return [[key, item]];
    return typeof item === "object" && item !== null ? textsIn(item) : [];
  });
}

/** What the engine puts behind a resource's name to make one that is free. */
const engineName = /-[0-9a-f]{7}$/;

/** Returns what makes values of two runs comparable. */
function normaliser(resources: readonly Resource[], accountId: string) {
  const references = new Map<string, string>();
  for (const { urn, id, outputs } of resources) {
    for (const [key, value] of textsIn({ ...outputs, id })) {
      if (madeUp.includes(key) && isMadeUp(value, accountId) && !references.has(value)) {
        references.set(value, `<${nameOf(urn)}: ${key}>`);
      }
    }
  }
  // An ARN holds the id: the longer first.
  const longestFirst = [...references].sort(([one], [other]) => other.length - one.length);
  const plain = (value: unknown): unknown => {
    if (value === engineUnknown) return unknown;
    if (typeof value === "string") {
      return longestFirst
        .reduce((text, [from, to]) => text.replaceAll(from, to), value)
        .replace(engineName, "-<made up>");
    }
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        // What the provider fills in for itself.
        .filter(([key]) => key !== "__defaults")
        .map(([key, item]) => [key, plain(item)]),
    );
  };
  return plain;
}
