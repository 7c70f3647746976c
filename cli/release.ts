import { Command, Option } from "commander";
import {
  release,
  releaseEnvironments,
  type ReleaseEnvironment,
  type Released,
} from "../promotion/release.ts";
import { progress } from "./progress.ts";
import { exitCodes } from "./exit-codes.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

interface Options extends WorkspaceOptions {
  readonly commit?: string;
  readonly from?: ReleaseEnvironment;
  readonly json?: true;
}

/** `idp release`: makes a build a release. */
export function releaseCommand(): Command {
  return withWorkspaceOptions(new Command("release"))
    .argument("<service>", "name of the service")
    .argument("<version>", "vX.Y.Z")
    .addOption(
      new Option(
        "--commit <sha>",
        "commit whose build to release (default: the build that dev runs)",
      ),
    )
    .addOption(
      new Option(
        "--from <environment>",
        "copy the release from this environment's registry to the one that lost it",
      )
        .choices(releaseEnvironments)
        .conflicts("commit"),
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText("after", `\n${exitCodes}`)
    .action(async (service: string, version: string, options: Options) => {
      const { commit, from, json, ...where } = options;
      progress(
        `releasing ${service} as ${version}: the image is copied to the registries that lack it`,
      );
      const released = await inWorkspace(where, ({ workspace }) =>
        release(workspace, { service, version, commit, from }),
      );
      console.log(json ? JSON.stringify(released, null, 2) : releasedLine(released));
    });
}

function releasedLine({ service, version, image, build, digest, copiedTo }: Released): string {
  const what = `${service} ${version} is ${image}@${digest}${build === null ? "" : `, built as ${build}`}`;
  if (copiedTo.length === 0) return `${what}; it was already released, nothing changed`;
  const copied = `${what}; copied to ${copiedTo.join(" and ")}`;
  return copiedTo.includes("staging")
    ? `${copied}. staging takes the highest version by itself`
    : copied;
}
