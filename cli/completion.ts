import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Argument, Command } from "commander";
import { nameOf } from "../catalog/service.ts";
import { applicationsFolder, environments, serviceFileEnding } from "../config/environments.ts";
import { nextWords } from "./next-words.ts";

/** Tells the shell to complete a path itself, which it does better. */
const filesMark = ":files";

/** Scripts that make a shell ask idp for the next words, given the command that asks. */
const scripts = {
  bash: (ask: string) => `_idp() {
  local IFS=$'\\n'
  COMPREPLY=($(${ask} bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  if [ "\${COMPREPLY[0]}" = ${filesMark} ]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _idp idp
`,
  zsh: (ask: string) => `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_idp() {
  local -a offered
  offered=(\${(f)"$(${ask} zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if [[ $offered[1] = ${filesMark} ]]; then _files; else compadd -a offered; fi
}
compdef _idp idp
`,
  fish: (ask: string) => `function __idp_offer
    set -l offered (${ask} fish -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    if test "$offered[1]" = ${filesMark}
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $offered
    end
end
complete -c idp -f -a '(__idp_offer)'
`,
} as const;
type Shell = keyof typeof scripts;
const shells = ["bash", "zsh", "fish"] as const satisfies readonly Shell[];

/** Gives the program `idp` for a command line. Handed in: the program imports this file. */
export type ProgramFor = (line: readonly string[]) => Promise<Command>;

/** `idp completion`: what a shell needs to complete the words of idp. */
export function completionCommand(programFor: ProgramFor): Command {
  return new Command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .argument(
      "[words...]",
      "after --, a command line: prints the words that can come next, for the script",
    )
    .addHelpText(
      "after",
      '\nbash: eval "$(npx idp completion bash)"   zsh: eval "$(npx idp completion zsh)"   fish: npx idp completion fish | source\nIt completes the command idp: put it on PATH, or make it an alias of npx --no idp.',
    )
    .action(async (shell: Shell, line: readonly string[]) => {
      const text =
        line.length === 0 ? completionScript(shell) : await offer(shell, line, programFor);
      process.stdout.write(text);
    });
}

/** Returns a script that makes a shell ask this clone's idp directly: npx would take half a second more each time. */
export function completionScript(shell: Shell): string {
  const main = join(import.meta.dirname, "main.ts");
  return scripts[shell](`'${process.execPath}' '${main}' completion`);
}

async function offer(
  shell: Shell,
  line: readonly string[],
  programFor: ProgramFor,
): Promise<string> {
  const offered = nextWords(await programFor(line), line, () => servicesAround(process.cwd()));
  if (offered === "files") return `${filesMark}\n`;
  // Only fish shows descriptions.
  return offered
    .map(({ word, description }) => (shell === "fish" ? `${word}\t${description}\n` : `${word}\n`))
    .join("");
}

/** Returns the names of the services in the clone around a folder; none outside a clone. */
export function servicesAround(folder: string): string[] {
  const isClone = existsSync(join(folder, applicationsFolder("dev")));
  if (!isClone) return dirname(folder) === folder ? [] : servicesAround(dirname(folder));
  const files = environments
    .map((environment) => join(folder, applicationsFolder(environment)))
    .flatMap((inner) => (existsSync(inner) ? readdirSync(inner) : []))
    .filter((file) => file.endsWith(serviceFileEnding));
  return [...new Set(files.map(nameOf))].sort();
}
