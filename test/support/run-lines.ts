/**
 * Runs command lines of `idp` one after another in one process, each as `cli/main.ts` would: a process for each loads the
 * same modules again and again. Its argument is the `cli/run.ts` to use; every message is the words of a line, every
 * answer an `Outcome`.
 */
import { pathToFileURL } from "node:url";
import { getEachMessage, sendMessage } from "execa";
import { z } from "zod";
import type { Outcome } from "./outcome.ts";

const Runner = z.object({
  run: z.custom<(words: readonly string[]) => Promise<number>>(
    (value) => typeof value === "function",
  ),
});
const [, , file = ""] = process.argv;
const { run } = Runner.parse({ ...(await import(pathToFileURL(file).href)) });

const said = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"] as const) {
  process[name].write = (text: string | Uint8Array) => {
    said[name] += text.toString();
    return true;
  };
}

for await (const words of getEachMessage()) {
  Object.assign(said, { stdout: "", stderr: "" });
  process.exitCode = undefined;
  const code = await run(z.array(z.string()).parse(words));
  process.exitCode = undefined;
  await sendMessage({ code, ...said } satisfies Outcome);
}
