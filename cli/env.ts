import { Argument, Command, Option } from "commander";
import { environments, type Environment } from "../config/environments.ts";
import { readStackFiles, stackFileIn } from "../config/stack-files.ts";
import { asking } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { shellLines } from "../lib/shell.ts";
import { exportLines, twinVariables } from "../twin/state/environment.ts";
import { requireTwin } from "../twin/state/twin.ts";
import { stackShell } from "./stack-shell.ts";
import { profilesOf } from "./workspace.ts";

/** `idp env`: the state backend and the credentials of a stack, for a shell. */
export function envCommand(root = repositoryRoot): Command {
  return new Command("env")
    .addArgument(new Argument("<stack>", "whose backend and credentials").choices(environments))
    .option(
      "--profile <name>",
      "AWS profile of the stack's account; also IDP_PROFILE_<STACK> (default: idp:aws.profile, or the shell's credentials)",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      [
        "",
        'Example: eval "$(npx idp env dev --profile acme-dev)" && pulumi preview -s dev',
        "",
        "It prints keys, which end with the session: evaluate its output, do not keep it. In a shell of the twin it prints the twin's variables.",
      ].join("\n"),
    )
    .action(async (stack: Environment, { profile, json }: { profile?: string; json?: true }) => {
      if (process.env["IDP_TWIN"]) {
        requireTwin();
        const variables = twinVariables();
        console.log(json ? JSON.stringify(variables, null, 2) : exportLines(variables));
        return;
      }
      const file = stackFileIn(readStackFiles(root), stack);
      const named = profile ?? profilesOf([])[stack];
      const shell = await stackShell(file, named, asking(process.env));
      console.log(json ? JSON.stringify(shell.variables, null, 2) : shellLines(shell));
    });
}
