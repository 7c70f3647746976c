import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { addItems, removeItems } from "../lib/yaml-edit.ts";
import { committed } from "./committed.ts";
import { environments, type Environment } from "./environments.ts";
import { Settings } from "./schema.ts";
import { parseStackFile, settingPath, stackFileOf, type StackFile } from "./stack-files.ts";

/** Says whether an environment's stack file names a publisher of the image. */
export function hasPublisher(root: string, environment: Environment, image: string): boolean {
  const text = readFileSync(join(root, stackFileOf(environment)), "utf8");
  const { publishers = [] } = committed(parseStackFile(environment, text)).github;
  return publishers.some((publisher) => publisher.image === image);
}

/** Returns what is wrong with a publisher's repository as `idp service new` is given it; undefined if nothing is. */
export function publisherProblem(repository: string): string | undefined {
  return Publisher.shape.repository.safeParse(repository).error?.issues[0]?.message;
}

/** Adds the image's publisher to every stack file that has none yet. Returns the files that changed. */
export function addPublisher(root: string, repository: string, image: string): string[] {
  const absent = environments.filter((environment) => !hasPublisher(root, environment, image));
  for (const environment of absent) {
    rewrite(root, environment, (text) =>
      addItems(text, settingPath("github", "publishers"), [
        { repository, image } satisfies Publisher,
      ]),
    );
  }
  return absent.map(stackFileOf);
}

/** Returns settings with a publisher more, as {@link addPublisher} should leave them. */
export function withPublisher(
  settings: StackFile["settings"],
  repository: string,
  image: string,
): StackFile["settings"] {
  const { publishers = [], ...github } = Github.parse(settings["github"]);
  return {
    ...settings,
    github: { ...github, publishers: [...publishers, { repository, image }] },
  };
}

/** Returns settings without the publishers of an image, as {@link removePublisher} should leave them. */
export function withoutPublisher(
  settings: StackFile["settings"],
  image: string,
): StackFile["settings"] {
  const { publishers, ...github } = Github.parse(settings["github"] ?? {});
  if (publishers === undefined) return settings;
  const others = publishers.filter((item) => !image.endsWith(`/${Publisher.parse(item).image}`));
  return { ...settings, github: { ...github, publishers: others } };
}

const Github = z.looseObject({ publishers: z.array(z.unknown()).optional() });

/**
 * Removes an image's publisher from an environment's stack file. Returns whether the file changed.
 * @param image with its registry, as a service file names it
 */
export function removePublisher(root: string, environment: Environment, image: string): boolean {
  return rewrite(root, environment, (text) =>
    removeItems(text, settingPath("github", "publishers"), (item) =>
      image.endsWith(`/${Publisher.parse(item).image}`),
    ),
  );
}

const Publisher = Settings.shape.github.shape.publishers.element;
type Publisher = Settings["github"]["publishers"][number];

/** Edits a stack file. Returns whether its text changed. */
function rewrite(root: string, environment: Environment, edit: (text: string) => string): boolean {
  const file = join(root, stackFileOf(environment));
  const before = readFileSync(file, "utf8");
  const after = edit(before);
  if (after === before) return false;
  writeFileSync(file, after);
  return true;
}
