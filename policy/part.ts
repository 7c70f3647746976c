import type { Step } from "./values.ts";

/** A part of a resource's inputs that grants or redirects power. */
export interface Part {
  readonly path: readonly Step[];
  /** What a line of policy/allowed calls the path: the same in whatever order lists are. */
  readonly key: string;
  readonly value: unknown;
}
