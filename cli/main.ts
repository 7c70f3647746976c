import { CommanderError, type Command } from "commander";
import { styleText } from "node:util";
import { z } from "zod";
import { programFor } from "./program.ts";

/** Exit code for a wrong command line, where nothing was tried. A command that fails exits with 1. */
const usageError = 2;

if (process.argv[2] === "local") {
  console.error("idp local is now idp twin; the old name goes in 0.2");
  process.argv[2] = "twin";
}

try {
  const program = (await programFor(process.argv.slice(2)))
    .showHelpAfterError("(idp --help lists the commands)")
    .exitOverride();
  inheritSettings(program);
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

/** Copies the settings that commander gives only to subcommands it makes itself. */
function inheritSettings(parent: Command): void {
  for (const command of parent.commands) inheritSettings(command.copyInheritedSettings(parent));
}

function messageOf(error: unknown): string {
  // Its own message is a page of JSON.
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has already printed it; requested help is not an error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
  // The message says everything a user needs; the trace is for developers of idp.
  const text = messageOf(error);
  console.error(`${styleText("red", "error", { stream: process.stderr })} ${text}`);
  if (process.env["IDP_DEBUG"] && error instanceof Error) console.error(error.stack);
  return 1;
}
