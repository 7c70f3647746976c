import { execa, ExecaError } from "execa";

/** A program's answer: its output, its refusal, or that it is missing. */
export type Answer =
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "missing" };

/** Runs a program of the machine and returns its answer. Never throws. */
export type Ask = (program: string, args: readonly string[]) => Promise<Answer>;

/** Long enough for a slow network, short enough to wait for. */
const answerLimitMs = 30_000;

/**
 * Returns an {@link Ask} that runs programs with these variables. A refusal's message is the first line on stderr.
 * Nothing can ask back: there is no input, no prompt of git and no pager.
 */
export function asking(env: NodeJS.ProcessEnv): Ask {
  return async (program, args) => {
    try {
      const { stdout } = await execa(program, [...args], {
        env: { ...env, GIT_TERMINAL_PROMPT: "0", GH_PROMPT_DISABLED: "1", AWS_PAGER: "" },
        extendEnv: false,
        stdin: "ignore",
        timeout: answerLimitMs,
      });
      return { kind: "said", text: stdout };
    } catch (error) {
      if (!(error instanceof ExecaError)) return { kind: "refused", message: String(error) };
      if (error.code === "ENOENT") return { kind: "missing" };
      const lines = String(error.stderr).split("\n");
      const line = lines.find((text) => text.trim() !== "") ?? error.shortMessage;
      return { kind: "refused", message: line };
    }
  };
}
