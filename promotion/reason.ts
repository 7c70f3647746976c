import { setHold } from "../catalog/set-hold.ts";

/**
 * Refuses a reason that is not one line of 1 to 200 printable characters, before anything is read or written.
 * @throws Error that says so
 */
export function refuseReason(reason: string): void {
  try {
    setHold("", { tag: "v0.0.0", reason });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`${said}\nNothing was changed. Fix: --reason "<text>"`, { cause: error });
  }
}
