import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answer, Ask } from "../../lib/ask.ts";
import { repositoryRoot } from "../../lib/paths.ts";

/** What `gh` says of what is not there. */
export const notFound: Answer = { kind: "refused", message: "gh: Not Found (HTTP 404)" };

/**
 * Returns the answers of GitHub's REST API in `test/fixtures/github/<name>.json`, by path. They have the shapes of
 * GitHub's REST reference, shortened, with the values of an invented repository. null stands for 404,
 * `refused` for another error of `gh`.
 */
export function recorded(name: string): Readonly<Record<string, unknown>> {
  const file = join(repositoryRoot, "test/fixtures/github", `${name}.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}

/** Returns a stand-in for `gh api <path>` that gives these answers. Any other call throws. */
export function github(answers: Readonly<Record<string, unknown>>): Ask {
  return (program, args) => {
    const path = args.at(-1) ?? "";
    if (program !== "gh" || args[0] !== "api" || !(path in answers)) {
      throw new Error(`unexpected: ${[program, ...args].join(" ")}`);
    }
    const answer = answers[path];
    if (answer === null) return Promise.resolve(notFound);
    if (typeof answer === "object" && "refused" in answer) {
      return Promise.resolve({ kind: "refused", message: String(answer.refused) });
    }
    const text = JSON.stringify(args.includes("--slurp") ? [answer] : answer);
    return Promise.resolve({ kind: "said", text });
  };
}
