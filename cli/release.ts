import { Command, Option } from "commander";
import { release, type Released } from "../promotion/release.ts";
import { inPlaces, withPlaceOptions, type PlaceOptions } from "./places.ts";

/** `idp release`: a build becomes a release. */
export function releaseCommand(): Command {
  return withPlaceOptions(new Command("release"))
    .argument("<service>", "name of the service")
    .argument("<version>", "vX.Y.Z")
    .addOption(
      new Option("--commit <sha>", "commit whose build it is; else the build that dev runs"),
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(
      async (
        service: string,
        version: string,
        { commit, json, ...options }: PlaceOptions & { commit?: string; json?: true },
      ) => {
        const released = await inPlaces(options, ({ places }) =>
          release(places, { service, version, commit }),
        );
        console.log(json ? JSON.stringify(released, null, 2) : releasedLine(released));
      },
    );
}

function releasedLine({ service, version, image, build, digest, copiedTo }: Released): string {
  const what = `${service} ${version} is ${image}@${digest}, built as ${build}`;
  return copiedTo.length === 0
    ? `${what}; it was released already, nothing changed`
    : `${what}; copied to ${copiedTo.join(" and ")}. staging takes the highest version by itself`;
}
