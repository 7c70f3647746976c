import { CommanderError, type Command } from "commander";
import { styleText } from "node:util";
import { z } from "zod";
import { messageOf } from "../lib/message-of.ts";
import { UsageError } from "../lib/usage-error.ts";
import { programFor } from "./program.ts";

/** Exit codes of every command: docs/commands.md. A command that found something sets `failure` itself. */
const exitCodes = { success: 0, failure: 1, usage: 2 } as const;

/**
 * Runs a command line of `idp` and returns its exit code. Errors are printed on standard error.
 * @param words those after `idp`
 */
export async function run(words: readonly string[], makeProgram = programFor): Promise<number> {
  try {
    const program = (await makeProgram(words))
      .showHelpAfterError("(idp --help lists the commands)")
      .exitOverride();
    inheritSettings(program);
    await program.parseAsync([...words], { from: "user" });
    return Number(process.exitCode ?? exitCodes.success);
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** Copies the settings that commander gives only to subcommands it makes itself. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent));
}

function exitCodeOf(error: unknown): number {
  // Commander has already printed it; requested help is not an error.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
  }
  // The message says everything a user needs; the trace is for developers of idp.
  const fix =
    error instanceof z.ZodError
      ? "\nFix: IDP_DEBUG=1 with the same command shows what was being read"
      : "";
  console.error(
    `${styleText("red", "error", { stream: process.stderr })} ${messageOf(error)}${fix}`,
  );
  if (process.env["IDP_DEBUG"] && error instanceof Error) console.error(error.stack);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
}
