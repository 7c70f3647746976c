import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { boardPage } from "../promotion/board-page.ts";
import { isComplete } from "../promotion/board.ts";
import { withClusterOptions, type ClusterOptions } from "./clusters.ts";
import { withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";
import { boardOf } from "./status.ts";

/** `idp board`: writes what `idp status` shows as a page. */
export function boardCommand(): Command {
  return withClusterOptions(withWorkspaceOptions(new Command("board")))
    .argument("[services...]", "names of services (default: all)")
    .addOption(new Option("--out <file>", "where to write it (default: standard output)"))
    .addHelpText(
      "after",
      "\nOne HTML page that needs no other file. For data: idp status --json. The exit code is that of idp status.",
    )
    .action(
      async (
        services: string[],
        { out, ...options }: WorkspaceOptions & ClusterOptions & { out?: string },
      ) => {
        const board = await boardOf(services, options);
        const page = boardPage(board);
        if (out === undefined) process.stdout.write(page);
        else {
          writeFileSync(out, page);
          console.log(`wrote ${out}`);
        }
        if (!isComplete(board)) process.exitCode = 1;
      },
    );
}
