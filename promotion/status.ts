import pMap from "p-map";
import { nearest } from "../catalog/nearest.ts";
import { imageOf, type ImageStrategy } from "../catalog/schema.ts";
import { applicationsFolder, nameOf } from "../catalog/service.ts";
import { required } from "../config/committed.ts";
import { environments, type Environment } from "../config/environments.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { deployedBy, type Application, type Deployed } from "./argocd.ts";
import { fileHistories, type Author, type FileHistory } from "./history.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import { contentOf, isServiceFile, serviceFileOf } from "./services.ts";
import { addressWithoutSecrets } from "./text.ts";
import { higherReleases, newerBuilds, Upstream } from "./upstream.ts";

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

/** Gives an environment's Applications. @param region where its cluster is */
export type ReadApplications = (
  environment: Environment,
  region: string,
) => Promise<readonly Application[]>;

/** What to read of the board. */
export interface BoardRequest {
  /** Names of services. @default all */
  readonly services?: readonly string[];
  /** @default now */
  readonly at?: Date;
  /** Told after each row how many there are now. */
  readonly onRead?: (done: number, total: number) => void;
  /** Asks the clusters, too. @default they are not asked */
  readonly applications?: ReadApplications;
}

/** Rows of one environment that are read together. */
const rowsAtATime = 4;

/**
 * Reads the board from git and the registries; no cluster is asked. What a registry does not give is null and said.
 * @throws Error when git does not answer, a stack file is not valid, or a service does not exist
 */
export async function readBoard(workspace: Workspace, request: BoardRequest = {}): Promise<Board> {
  const { repository } = workspace;
  const now = await snapshot(repository);
  const at = request.at ?? new Date();
  const wanted = request.services ?? [];
  const files = serviceFilesOf(now, wanted);
  const { applications } = request;
  const [histories, readables] = await Promise.all([
    historiesOf(workspace, now, files),
    Promise.all(environments.map((name) => readableOf(workspace, now, name, applications))),
  ]);
  let done = 0;
  const rows = await Promise.all(
    readables.map((readable) =>
      pMap(
        files.filter(({ environment }) => environment === readable.environment),
        async (file) => {
          const row = await rowOf(file, { now, at, readable, history: histories.get(file.path) });
          const whole = applications
            ? { ...row, cluster: await clusterOf(row.service, readable) }
            : row;
          request.onRead?.(++done, files.length);
          return whole;
        },
        { concurrency: rowsAtATime },
      ),
    ),
  );
  return {
    at,
    repository: {
      url: addressWithoutSecrets(repository.url),
      branch: repository.branch,
      commit: now.commit,
    },
    services: rows.flat().sort(byServiceAndEnvironment),
    ...(applications && wanted.length === 0 && { strays: await straysOf(files, readables) }),
    problems: readables.flatMap(({ registry, problems }) => [
      ...problems,
      // A registry that is down is said once, for the whole environment.
      ...(registry?.silence ? [registry.silence.message] : []),
    ]),
  };
}

/** Whether everything could be read and no row is wrong. */
export function isComplete({ services, problems }: Board): boolean {
  return problems.length === 0 && services.every(({ problem }) => problem === null);
}

interface FileOfService {
  readonly environment: Environment;
  readonly service: string;
  readonly path: string;
  readonly text: string;
}

function serviceFilesOf({ files }: Snapshot, wanted: readonly string[]): FileOfService[] {
  const all = environments.flatMap((environment) =>
    [...files].flatMap(([path, text]) => {
      const service = nameOf(path);
      return isServiceFile(path) && path === serviceFileOf(environment, service)
        ? [{ environment, service, path, text }]
        : [];
    }),
  );
  const names = [...new Set(all.map(({ service }) => service))].sort(compare);
  for (const name of wanted) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    throw new Error(
      `There is no service "${name}"${meant ? `; did you mean ${meant}?` : "."} There are: ${names.join(", ") || "none"}.\nFix: a service is a file ${serviceFileOf("dev", "<service>")}`,
    );
  }
  return wanted.length === 0 ? all : all.filter(({ service }) => wanted.includes(service));
}

async function historiesOf(
  { repository }: Workspace,
  { commit }: Snapshot,
  files: readonly FileOfService[],
): Promise<Map<string, FileHistory>> {
  const versions = await repository.versions(commit, environments.map(applicationsFolder));
  return fileHistories(
    files.map(({ path }) => path),
    versions,
    (blobs) => repository.texts(blobs),
  );
}

/** An environment, as far as it can be read. */
interface Readable {
  readonly environment: Environment;
  readonly strategy: ImageStrategy;
  readonly registry: Upstream | undefined;
  /** By name; undefined when they were not asked for or not given. */
  readonly applications: ReadonlyMap<string, Application> | undefined;
  /** Why something cannot be read. */
  readonly problems: readonly string[];
}

async function readableOf(
  workspace: Workspace,
  now: Snapshot,
  environment: Environment,
  read: ReadApplications | undefined,
): Promise<Readable> {
  const file = parseStackFile(environment, now.files.get(stackFileOf(environment)) ?? "");
  const region = required(file, ({ aws }) => aws.region);
  const strategy = required(file, ({ images }) => images.strategy);
  const problems: string[] = [];
  const orProblem = <T>(promise: Promise<T>) =>
    promise.catch((error: unknown) => {
      problems.push(messageOf(error));
      return undefined;
    });
  const [registry, applications] = await Promise.all([
    orProblem(registryOf(workspace, now, environment)),
    read && orProblem(read(environment, region)),
  ]);
  return {
    environment,
    strategy,
    registry: registry && new Upstream(registry),
    applications:
      applications && new Map(applications.map((one) => [one.metadata.name, one] as const)),
    problems,
  };
}

interface RowContext {
  readonly now: Snapshot;
  readonly at: Date;
  readonly readable: Readable;
  readonly history: FileHistory | undefined;
}

async function rowOf(file: FileOfService, context: RowContext): Promise<BoardRow> {
  const { environment, service, path, text } = file;
  const { now, at, readable, history } = context;
  const content = contentOf(text);
  const changed = history?.changed ?? null;
  const none = { digest: null, built: null, waiting: null };
  if (content === undefined) {
    const unread = { image: null, tag: null, ageSeconds: null, hold: null, tagged: null };
    const problem = `${path} is not valid. Fix: idp check says what is wrong with it`;
    return { service, environment, file: path, ...unread, ...none, changed, problem };
  }
  const { name: image } = imageOf(content.image.repository);
  const { tag } = content.image;
  const tagged = history?.tagged ?? null;
  const known = {
    ...{ service, environment, file: path, image, tag },
    ageSeconds: tagged && Math.max(0, Math.floor((at.getTime() - tagged.date.getTime()) / 1000)),
    hold: content.hold ?? null,
    tagged,
    changed,
  };
  const { registry, strategy } = readable;
  if (registry === undefined) return { ...known, ...none, problem: null };
  try {
    const found = await registry.image(image, tag);
    const waiting =
      strategy === "newest-build"
        ? await newerBuilds(registry, image, tag)
        : higherReleases(
            [
              ...(await registry.tags(image)),
              ...(strategy === "pinned" ? tagsBefore(now, environment, service) : []),
            ],
            tag,
          );
    return {
      ...known,
      digest: found?.digest ?? null,
      built: found?.built ?? null,
      waiting,
      problem: found ? null : `${environment}'s registry has no ${image}:${tag}`,
    };
  } catch (error) {
    return { ...known, ...none, problem: registry.silence ? null : messageOf(error) };
  }
}

async function straysOf(
  files: readonly FileOfService[],
  readables: readonly Readable[],
): Promise<Stray[]> {
  const found = await Promise.all(
    readables.flatMap((readable) => {
      const { environment, applications = new Map<string, Application>() } = readable;
      const known = files.filter((file) => file.environment === environment);
      return [...applications.keys()]
        .filter((name) => !known.some(({ service }) => service === name))
        .map(async (service) => {
          const cluster = await clusterOf(service, readable);
          return cluster === null ? [] : [{ service, environment, cluster }];
        });
    }),
  );
  return found.flat().sort(byServiceAndEnvironment);
}

/** What an environment's Argo CD says of a service; null when it gave no answer. */
async function clusterOf(
  service: string,
  { registry, applications }: Readable,
): Promise<BoardCluster | null> {
  if (applications === undefined) return null;
  const { images, ...said } = deployedBy(applications.get(service));
  const digestOf = (image: string, tag: string) =>
    registry?.image(image, tag).then(
      (found) => found?.digest ?? null,
      // The registry's failure stands in the row or the board.
      () => null,
    );
  return {
    ...said,
    images: await Promise.all(
      images.map(async (whole) => {
        const colon = whole.lastIndexOf(":");
        const { name: image } = imageOf(whole.slice(0, colon));
        const tag = whole.slice(colon + 1);
        return { image, tag, digest: (await digestOf(image, tag)) ?? null };
      }),
    ),
  };
}

/** The tag that the environment before this one names for a service, if any. */
function tagsBefore({ services }: Snapshot, environment: Environment, service: string): string[] {
  const before = environments[environments.indexOf(environment) - 1];
  return services
    .filter((other) => other.environment === before && other.name === service)
    .map(({ tag }) => tag);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function byServiceAndEnvironment(
  a: Pick<BoardRow, "service" | "environment">,
  b: Pick<BoardRow, "service" | "environment">,
): number {
  return (
    compare(a.service, b.service) ||
    environments.indexOf(a.environment) - environments.indexOf(b.environment)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
