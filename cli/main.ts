import { Command, Option } from "commander";
import { styleText } from "node:util";
import { repositoryRoot } from "../local/paths.ts";
import { checkRepository, formatFindings, isFailure } from "./check.ts";

const program = new Command("idp")
  .description("the internal developer platform: its checks, and its twin on this machine")
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError("(idp --help lists the commands)");

program
  .command("check")
  .description("check the service files; exit code 1 when one has an error")
  .addOption(new Option("--json", "as a JSON array"))
  .action(async ({ json }: { json?: true }) => {
    const findings = await checkRepository(repositoryRoot);
    console.log(formatFindings(findings, { json }));
    if (isFailure(findings)) process.exitCode = 1;
  });

// The twin's parts are loaded only when asked for: `idp check` runs in every pull request.
if (process.argv[2] === "check") await run();
else {
  const { localCommand } = await import("./local.ts");
  program.addCommand(localCommand());
  await run();
}

async function run(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    // The message is the whole story; the trace is for whoever works on this.
    const text = error instanceof Error ? error.message : String(error);
    console.error(`${styleText("red", "error", { stream: process.stderr })} ${text}`);
    if (process.env["IDP_DEBUG"] && error instanceof Error) console.error(error.stack);
    process.exitCode = 1;
  }
}
