import { Command, Option } from "commander";
import { readStackFiles } from "../config/stack-files.ts";
import { comparePins, type Compared } from "../github/releases.ts";
import { asking } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { tableLines } from "../lib/table.ts";
import { tools } from "../twin/toolchain/tools.ts";
import { progress } from "./progress.ts";

/** `idp outdated`: compares what the stacks pin with the newest releases. */
export function outdatedCommand(root = repositoryRoot): Command {
  return new Command("outdated")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      `
Argo CD, Image Updater, Kubernetes on EKS and Pulumi, by their releases on GitHub; it needs gh, and a login or GH_TOKEN.
Packages and actions are Dependabot's. Exit code 1 when something newer is there, or GitHub does not answer.

Example:
  idp outdated --json`,
    )
    .action(async ({ json }: { json?: true }) => {
      progress("asking GitHub for the newest releases");
      const pins = await comparePins(
        asking(process.env),
        readStackFiles(root),
        tools.pulumi.version,
      );
      console.log(json ? JSON.stringify({ pins }, null, 2) : outdatedLines(pins).join("\n"));
      if (pins.some(needsSomebody)) process.exitCode = 1;
    });
}

const needsSomebody = ({ isOutdated, newest }: Compared) => isOutdated || newest === undefined;

/** Returns the comparison as lines for a person; the last one says how much is to do. */
export function outdatedLines(pins: readonly Compared[]): string[] {
  const open = pins.filter(needsSomebody).length;
  return [
    ...tableLines([
      ["WHAT", "PINNED", "NEWEST", "WHERE", "NEXT"],
      ...pins.map((pin) => [
        pin.name,
        pin.pinned,
        pin.newest ?? "?",
        pin.where.join(", "),
        needsSomebody(pin) ? pin.next : "",
      ]),
    ]),
    "",
    open === 0 ? "all are the newest" : `${open} of ${pins.length} to look at`,
  ];
}
