import { z } from "zod";
import { kindAndName } from "../subjects.ts";
import { at, shown, type Step } from "../values.ts";
import { nameIn, typeIn } from "./state.ts";

/** One resource that would be, or was, changed. */
export interface Change {
  /** Kind and name of the resource. */
  readonly where: string;
  /** What would change, or has changed, in one sentence. */
  readonly message: string;
}

const State = z.object({
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

const Digest = z.object({
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        oldState: State.optional(),
        newState: State.optional(),
        detailedDiff: z
          .record(z.string(), z.object({ kind: z.string(), inputDiff: z.boolean().default(false) }))
          .nullish(),
        diffReasons: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});
type PlannedStep = NonNullable<z.infer<typeof Digest>["steps"]>[number];

/** Operations that change nothing. */
const harmless = ["same", "refresh", "read"];

/** The engine's operations in words: of a refresh what has happened, of a plan what would. */
const operations: Readonly<Record<"drift" | "pending", Readonly<Record<string, string>>>> = {
  drift: { update: "was changed", delete: "is gone" },
  pending: {
    create: "would be made",
    update: "would be changed",
    delete: "would be deleted",
    replace: "would be replaced",
  },
};

/**
 * The changes in what the engine prints with `--json`: of `pulumi refresh --preview-only` what is no longer as the state
 * has it (drift), of `pulumi preview` what the program would do (pending).
 *
 * @throws Error when it is no such text
 */
export function changesIn(digest: unknown, kind: keyof typeof operations): Change[] {
  const parsed = Digest.safeParse(digest);
  if (!parsed.success) {
    throw new Error(`what pulumi printed is not a plan:\n${z.prettifyError(parsed.error)}`);
  }
  return (parsed.data.steps ?? [])
    .filter(({ op }) => !harmless.includes(op))
    .map((step) => ({
      where: kindAndName({ type: typeIn(step.urn), name: nameIn(step.urn) }),
      message: [operations[kind][step.op] ?? step.op, ...propertiesOf(step)].join(": "),
    }));
}

/** What of a changed resource differs, as one part of a sentence; nothing where that is not known. */
function propertiesOf({ op, detailedDiff, diffReasons, oldState, newState }: PlannedStep) {
  if (op !== "update") return [];
  const differences = Object.entries(detailedDiff ?? {}).map(([path, { inputDiff }]) => {
    const side = inputDiff ? "inputs" : "outputs";
    const [before, after] = [oldState, newState].map((state) =>
      shown(at(state?.[side], ...stepsOf(path))),
    );
    return `${path} from ${before ?? ""} to ${after ?? ""}`;
  });
  const parts = differences.length > 0 ? differences : (diffReasons ?? []);
  return parts.length > 0 ? [parts.join("; ")] : [];
}

/** `a.b[0]["c.d"]`, as the engine writes a path, in steps. */
function stepsOf(path: string): Step[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, index, quoted, word]) =>
      index !== undefined ? Number(index) : (quoted?.replaceAll(/\\(.)/g, "$1") ?? word ?? ""),
  );
}
