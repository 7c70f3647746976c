import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What to say when something does not come up. */
export interface Awaited {
  /** Such as "the git server". */
  readonly what: string;
  /** False ends the wait at once. */
  readonly isAlive: () => boolean;
  /** The last lines of its output. */
  readonly log: () => string;
  /** Default 30 s. */
  readonly limitMs?: number;
}

/**
 * Resolves when an HTTP address of this machine answers, whatever it says.
 * @throws Error with the end of the log when the process is gone or the limit has passed
 */
export async function waitForHttp(url: string, awaited: Awaited): Promise<void> {
  const deadline = Date.now() + (awaited.limitMs ?? 30_000);
  while (!(await answers(url))) {
    if (!awaited.isAlive()) throw new Error(`${awaited.what} ended:\n${awaited.log()}`);
    if (Date.now() > deadline) {
      throw new Error(`${awaited.what} does not answer at ${url}:\n${awaited.log()}`);
    }
    await sleep(50);
  }
  // Another program may hold the port: then ours ended, and it is not ours that answered.
  if (!awaited.isAlive()) {
    throw new Error(
      `${awaited.what} ended, and another program answers at ${url}:\n${awaited.log()}\nFix: end that program, or: idp twin down, then idp twin up`,
    );
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, (response) => {
      response.resume();
      resolve(true);
    }).on("error", () => {
      resolve(false);
    });
  });
}
