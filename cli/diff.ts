import { tableLines } from "../lib/table.ts";
import { Argument, Command, Option } from "commander";
import { environments, type Environment } from "../config/environments.ts";
import { diffService, type DiffSide, type ServiceDiff } from "../promotion/diff.ts";
import { lineText } from "../promotion/text.ts";
import { findHelm } from "./helm.ts";
import { progress } from "./progress.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

/** `idp diff`: prints how a service differs between two environments. */
export function diffCommand(): Command {
  return withWorkspaceOptions(new Command("diff"))
    .argument("<service>", "name of the service")
    .addArgument(new Argument("<from>", "environment").choices(environments))
    .addArgument(new Argument("<to>", "environment to compare with").choices(environments))
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nExit code 0 with or without differences; 1 when a registry gave no digest.",
    )
    .action(
      async (
        service: string,
        from: Environment,
        to: Environment,
        { json, ...options }: WorkspaceOptions & { json?: true },
      ) => {
        const helm = await findHelm();
        progress("reading both registries and rendering both files");
        const diff = await inWorkspace(options, ({ workspace }) =>
          diffService(workspace, { service, from, to }, helm),
        );
        console.log(json ? JSON.stringify(diff, null, 2) : diffLines(diff).join("\n"));
        if (diff.problems.length > 0) process.exitCode = 1;
      },
    );
}

/** Returns the differences as lines for a person. */
export function diffLines(diff: ServiceDiff): string[] {
  const { service, from, to, sameDigest, values, manifest, problems } = diff;
  const verdict =
    sameDigest === null
      ? "it is not known whether they are the same image"
      : sameDigest
        ? "one image"
        : "two images";
  return [
    `${service} in ${from.environment}: ${sideText(from)}`,
    `${service} in ${to.environment}: ${sideText(to)}`,
    verdict,
    "",
    ...(values.length === 0
      ? ["the files say the same"]
      : tableLines([
          ["KEY", from.environment.toUpperCase(), to.environment.toUpperCase()],
          ...values.map(({ key, from: before, to: after }) => [key, shown(before), shown(after)]),
        ])),
    "",
    manifest === "" ? "the manifests are the same" : manifest.trimEnd(),
    ...(problems.length > 0 ? ["", ...problems.map((problem) => `problem: ${problem}`)] : []),
  ];
}

function sideText({ image, tag, digest }: DiffSide): string {
  return `${image}:${tag}${digest === null ? "" : `@${digest}`}`;
}

function shown(value: unknown): string {
  if (value === null) return "-";
  return lineText(typeof value === "string" ? value : JSON.stringify(value));
}
