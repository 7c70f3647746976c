import { compareReleases } from "../catalog/compare-releases.ts";
import { environments, type Environment } from "../config/environments.ts";
import type { Deployed } from "./argocd.ts";
import type { Author } from "./history.ts";
import { soaksUntil } from "./soak.ts";

/** What runs where, from git and the registries at one moment. */
export interface Board {
  /** When it was read. */
  readonly at: Date;
  /** Address, branch and commit that were read. */
  readonly repository: { readonly url: string; readonly branch: string; readonly commit: string };
  /** One for each service file, sorted by service, then by environment. */
  readonly services: readonly BoardRow[];
  /** What clusters run without a file, in the services' order; absent unless all services and clusters were read. */
  readonly strays?: readonly Stray[];
  /** How long staging must have had a release before it may go to prod; absent when it may at once. */
  readonly soakMinutes?: number;
  /** What could not be read for a whole environment. A problem of one service is in its row. */
  readonly problems: readonly string[];
}

/** One service in one environment. Null means unknown: the row or the board says why. */
export interface BoardRow {
  readonly service: string;
  readonly environment: Environment;
  /** Path of the service's file. */
  readonly file: string;
  /** Repository inside the environment's registry, such as `idp/localtime`. */
  readonly image: string | null;
  /** The tag that the file names. */
  readonly tag: string | null;
  /** The digest behind the tag in the environment's registry. */
  readonly digest: string | null;
  /** When the image was built, from its own configuration. */
  readonly built: Date | null;
  /** How long the file has named this tag. */
  readonly ageSeconds: number | null;
  /**
   * Newer tags that could replace the file's, newest first: builds by date, releases by number. Where releases change
   * by pull request, this includes what the environment before runs.
   */
  readonly waiting: readonly string[] | null;
  /** Why the service is held; null when it is not. */
  readonly hold: string | null;
  /** The change that gave the file this tag. */
  readonly tagged: Author | null;
  /** The last change of the file. */
  readonly changed: Author | null;
  /** What is wrong with this row. */
  readonly problem: string | null;
  /** What the environment's Argo CD reports; absent when it was not asked. */
  readonly cluster?: BoardCluster | null;
}

/** A service as its cluster runs it. */
export interface BoardCluster extends Omit<Deployed, "images"> {
  /** What runs; two while a new version replaces an old one. */
  readonly images: readonly {
    /** Repository inside the environment's registry. */
    readonly image: string;
    readonly tag: string;
    /** The digest behind the tag in the environment's registry. */
    readonly digest: string | null;
  }[];
}

/** An Application without a service file: the file is gone, but the cluster still runs what it made. */
export interface Stray {
  readonly service: string;
  readonly environment: Environment;
  readonly cluster: BoardCluster;
}

/** Returns whether everything could be read, and neither git nor a cluster that was asked has a problem. */
export function isComplete({ services, strays = [], problems }: Board): boolean {
  return (
    problems.length === 0 &&
    services.every(({ problem }) => problem === null) &&
    [...services, ...strays].every(({ cluster }) => !cluster?.message)
  );
}

/** Returns prod's rows with a higher release than staging's file names, each with staging's row. */
export function aheadOfStaging(
  services: readonly BoardRow[],
): { readonly prod: BoardRow; readonly staging: BoardRow }[] {
  return pairs(services).filter(
    ({ prod, staging }) => compareReleases(prod.tag ?? "", staging.tag ?? "") > 0,
  );
}

/** Returns staging's rows with a release that is on its way to prod and still soaks, and until when it does. */
export function soaking({
  services,
  at,
  soakMinutes = 0,
}: Pick<Board, "services" | "at" | "soakMinutes">): {
  readonly staging: BoardRow;
  readonly until: Date;
}[] {
  return pairs(services).flatMap(({ prod, staging }) => {
    const until = soaksUntil(staging.tagged?.date, soakMinutes);
    const isHigher = compareReleases(staging.tag ?? "", prod.tag ?? "") > 0;
    return isHigher && until !== undefined && at < until ? [{ staging, until }] : [];
  });
}

/** Staging's and prod's rows of the services that both have, where both name a version. */
function pairs(
  services: readonly BoardRow[],
): { readonly prod: BoardRow; readonly staging: BoardRow }[] {
  return services.flatMap((prod) => {
    const staging = services.find(
      ({ service, environment }) => service === prod.service && environment === "staging",
    );
    return prod.environment === "prod" && prod.tag !== null && staging && staging.tag !== null
      ? [{ prod, staging }]
      : [];
  });
}

/** Compares rows for sorting: by service, then by environment. */
export function byServiceAndEnvironment(
  a: Pick<BoardRow, "service" | "environment">,
  b: Pick<BoardRow, "service" | "environment">,
): number {
  return (
    (a.service < b.service ? -1 : a.service > b.service ? 1 : 0) ||
    environments.indexOf(a.environment) - environments.indexOf(b.environment)
  );
}
