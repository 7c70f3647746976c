import { setHold } from "../catalog/set-hold.ts";
import { messageOf } from "../lib/message-of.ts";
import { UsageError } from "../lib/usage-error.ts";

/**
 * Refuses a reason that is not one line of 1 to 200 printable characters, before anything is read or written.
 * @throws UsageError that says so
 */
export function refuseReason(reason: string): void {
  try {
    setHold("", { tag: "v0.0.0", reason });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\nNothing was changed. Fix: --reason "<text>"`, {
      cause: error,
    });
  }
}
