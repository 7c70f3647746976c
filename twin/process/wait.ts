import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** A server to wait for, and what an error says about it. */
export interface Awaited {
  /** Such as "the git server". */
  readonly what: string;
  /** Whether its process runs. If not, the wait ends at once. */
  readonly isAlive: () => boolean;
  /** Returns the last lines of its output. */
  readonly log: () => string;
  /** Default 30 s. */
  readonly limitMs?: number;
}

/**
 * Resolves when an HTTP address of this machine answers, with any status.
 * @throws Error with the end of the log if the process has ended or the limit has passed
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
  // If another program holds the port, our process has ended and the answer was the other program's.
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
