import { Command } from "commander";
import { commands } from "./commands.ts";

/**
 * Returns the program `idp` for a command line. Only the command that the line names is loaded; the others have just
 * their names and descriptions, because loading a module takes time.
 */
export async function programFor(line: readonly string[]): Promise<Command> {
  const program = new Command("idp")
    .description("the internal developer platform: its checks, and its twin on this machine")
    .addHelpText(
      "after",
      "\nExit codes: 0 done or nothing wrong, 1 refused, failed or something is wrong, 2 a wrong command line: docs/commands.md",
    );
  const words = line.filter((word) => !word.startsWith("-"));
  const wanted = words[0] === "help" ? words[1] : words[0];
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = name === wanted ? await load(programFor) : new Command(name);
    program.addCommand(command.description(description));
  }
  return program;
}
