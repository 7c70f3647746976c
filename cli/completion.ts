import { Argument, Command } from "commander";
import { commands } from "./commands.ts";
import { completionScript, shells, type Shell } from "./completion-scripts.ts";
import { commandWords } from "./completion-words.ts";

/** `idp completion`: what a shell needs to complete the words of idp. */
export function completionCommand(): Command {
  return new Command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .addHelpText(
      "after",
      '\nbash: eval "$(npx idp completion bash)"   zsh: eval "$(npx idp completion zsh)"   fish: npx idp completion fish | source\nIt completes the word idp: have it on PATH, or as an alias of npx idp.',
    )
    .action(async (shell: Shell) => {
      process.stdout.write(completionScript(shell, commandWords(await wholeCommand())));
    });
}

/** idp with every command. */
export async function wholeCommand(): Promise<Command> {
  const program = new Command("idp");
  for (const { description, load } of Object.values(commands)) {
    program.addCommand((await load()).description(description));
  }
  return program;
}
