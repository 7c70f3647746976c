import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that nobody else uses. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), "idp-kubelet-"));
}
