import type { Environment } from "../config/environments.ts";
import type { Image } from "./cached-registry.ts";
import type { OtherBuilds } from "./newest.ts";

/** What a row of the board knows of its image. */
export interface ImageOfRow {
  readonly environment: Environment;
  /** Repository inside the environment's registry. */
  readonly image: string;
  readonly tag: string;
  /** Undefined where the registry has none. */
  readonly found: Image | undefined;
  /** Undefined where releases are deployed. */
  readonly builds: OtherBuilds | undefined;
}

/** Returns why an image does not run, or why the next build of it will not: one sentence each, with its way out. */
export function imageProblems({ environment, image, tag, found, builds }: ImageOfRow): string[] {
  const foreign = builds?.foreign ?? [];
  // A newer build decides it.
  const asOld = builds?.newer.length === 0 ? builds.asOld : [];
  return [
    ...(found ? [] : [`${environment}'s registry has no ${image}:${tag}`]),
    ...(found?.isForNodes === false
      ? [`${image}:${tag} has no linux/amd64, which the nodes are. ${buildForNodes}`]
      : []),
    ...(foreign.length > 0
      ? [`${listed(foreign)} has no linux/amd64: Image Updater does not take it. ${buildForNodes}`]
      : []),
    ...(asOld.length > 0
      ? [
          `${listed(asOld)} has the date of ${tag}, ${found?.created?.toISOString() ?? "none"}: which is the newest cannot be told, and Image Updater takes the last by name. Fix: build with SOURCE_DATE_EPOCH set to the commit's date (docs/services.md#its-image)`,
        ]
      : []),
  ];
}

const buildForNodes = "Fix: docker build --platform linux/amd64";

/** The first three. */
function listed(tags: readonly string[]): string {
  const more = tags.length - 3;
  return tags.slice(0, 3).join(", ") + (more > 0 ? ` (and ${more} more)` : "");
}
