import { environments, type Environment } from "../config/environments.ts";
import type { Deployed } from "./argocd.ts";
import type { Author } from "./history.ts";

/** What is where, as git and the registries say it at one moment. */
export interface Board {
  /** When it was read. */
  readonly at: Date;
  /** Address of the repository, the branch and its commit that this is of. */
  readonly repository: { readonly url: string; readonly branch: string; readonly commit: string };
  /** One for each service file, sorted by service, then by environment. */
  readonly services: readonly BoardRow[];
  /** What clusters run without a file, sorted as the services are; absent when they were not asked, or for some services only. */
  readonly strays?: readonly Stray[];
  /** What could not be read of a whole environment; what is of one service stands in its row. */
  readonly problems: readonly string[];
}

/** One service in one environment. Null is what is not known: the row or the board says why. */
export interface BoardRow {
  readonly service: string;
  readonly environment: Environment;
  /** Path of the service's file. */
  readonly file: string;
  /** Repository inside the environment's registry, such as `idp/localtime`. */
  readonly image: string | null;
  /** The tag that the file names. */
  readonly tag: string | null;
  /** What the environment's registry has behind the tag. */
  readonly digest: string | null;
  /** When the image was built, as it says itself. */
  readonly built: Date | null;
  /** How long the file has named this tag. */
  readonly ageSeconds: number | null;
  /**
   * Tags that are newer than the file's and could take its place, newest first: builds by their dates, releases by their
   * numbers. Where releases change by pull request, also what the environment before runs.
   */
  readonly waiting: readonly string[] | null;
  /** Why the service is held, when it is. */
  readonly hold: string | null;
  /** The change since which the file names this tag. */
  readonly tagged: Author | null;
  /** The last change of the file. */
  readonly changed: Author | null;
  /** What is wrong with this row. */
  readonly problem: string | null;
  /** What the environment's Argo CD says; absent when it was not asked. */
  readonly cluster?: BoardCluster | null;
}

/** A service as its cluster has it. */
export interface BoardCluster extends Omit<Deployed, "images"> {
  /** What runs; two while a new version takes an old one's place. */
  readonly images: readonly {
    /** Repository inside the environment's registry. */
    readonly image: string;
    readonly tag: string;
    /** What the environment's registry has behind the tag. */
    readonly digest: string | null;
  }[];
}

/** An Application that no service file stands for: its file is gone, and its cluster keeps what it made. */
export interface Stray {
  readonly service: string;
  readonly environment: Environment;
  readonly cluster: BoardCluster;
}

/** Whether everything could be read and no row is wrong. */
export function isComplete({ services, problems }: Board): boolean {
  return problems.length === 0 && services.every(({ problem }) => problem === null);
}

/** The order of the rows: by service, then by environment. */
export function byServiceAndEnvironment(
  a: Pick<BoardRow, "service" | "environment">,
  b: Pick<BoardRow, "service" | "environment">,
): number {
  return (
    (a.service < b.service ? -1 : a.service > b.service ? 1 : 0) ||
    environments.indexOf(a.environment) - environments.indexOf(b.environment)
  );
}
