import pMap from "p-map";
import { nearest } from "../catalog/nearest.ts";
import { imageOf, type ImageStrategy } from "../catalog/schema.ts";
import { nameOf, readServiceFile, serviceFileFindings } from "../catalog/service.ts";
import { committed, required } from "../config/committed.ts";
import { applicationsFolder, environments, type Environment } from "../config/environments.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { messageOf } from "../lib/message-of.ts";
import { byServiceAndEnvironment, type Board, type BoardRow } from "./board.ts";
import { setErrorOf } from "../components/argocd-status.ts";
import { setProblem } from "./application-set.ts";
import {
  clusterOf,
  straysOf,
  type ClusterView,
  type ReadApplications,
  type ReadApplicationSet,
} from "./board-clusters.ts";
import { addressWithoutSecrets } from "./git.ts";
import { fileHistories, type FileHistory } from "./history.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import type { Repository } from "./repository.ts";
import { lastValid, rollbackOf, sinceText, type LastValid } from "./require-service.ts";
import { isServiceFile, serviceFileOf } from "./services.ts";
import { CachedRegistry } from "./cached-registry.ts";
import { higherReleases, otherBuilds } from "./newest.ts";
import { imageProblems } from "./image-problems.ts";
import { updateProblems, type ReadUpdatedImages, type UpdatedImages } from "./updated-images.ts";

/** What to read for the board. */
export interface BoardRequest {
  /** Names of services. @default all */
  readonly services?: readonly string[];
  /** @default now */
  readonly at?: Date;
  /** Called after each row with the number of rows read. */
  readonly onRead?: (done: number, total: number) => void;
  /** Reads the clusters' Applications. @default the clusters are not asked */
  readonly applications?: ReadApplications;
  /** Reads what makes the clusters' Applications. @default it is not asked */
  readonly applicationSet?: ReadApplicationSet;
  /** Reads what Image Updaters look for. @default the clusters are not asked */
  readonly updatedImages?: ReadUpdatedImages;
}

/** How many rows are read at once. */
const rowsAtATime = 4;

/**
 * Returns the board from git, the registries and, if wanted, the clusters. What a registry does not give is null in the
 * board and listed among its problems.
 * @throws Error when git does not answer, a stack file is not valid, or a service does not exist
 */
export async function readBoard(workspace: Workspace, request: BoardRequest = {}): Promise<Board> {
  const { repository } = workspace;
  const now = await snapshot(repository);
  const at = request.at ?? new Date();
  const wanted = request.services ?? [];
  const files = serviceFilesOf(now, wanted);
  const { applications, applicationSet, updatedImages } = request;
  const [histories, readables] = await Promise.all([
    historiesOf(workspace, now, files),
    Promise.all(
      environments.map((name) =>
        readableOf(workspace, now, name, applications, applicationSet, updatedImages),
      ),
    ),
  ]);
  let done = 0;
  const rows = await Promise.all(
    readables.map((readable) =>
      pMap(
        files.filter(({ environment }) => environment === readable.environment),
        async (file) => {
          const row = await rowOf(file, {
            repository,
            now,
            at,
            readable,
            history: histories.get(file.path),
          });
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
    ...soakOf(now),
    problems: readables.flatMap(({ registry, problems }) => [
      ...problems,
      // A registry that is down is reported once, for the whole environment.
      ...(registry?.silence ? [registry.silence.message] : []),
    ]),
  };
}

/** What prod's committed settings say, as far as they are right: a promotion refuses wrong ones. */
function soakOf({ files }: Snapshot): Pick<Board, "soakMinutes"> {
  const file = parseStackFile("prod", files.get(stackFileOf("prod")) ?? "");
  const soakMinutes = committed(file).promotion?.soakMinutes ?? 0;
  return soakMinutes > 0 ? { soakMinutes } : {};
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
  const names = [...new Set(all.map(({ service }) => service))].sort();
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
interface Readable extends ClusterView {
  readonly strategy: ImageStrategy;
  /** Undefined when nobody asked, or where there is no Image Updater. */
  readonly updated: UpdatedImages | undefined;
  /** Why something cannot be read. */
  readonly problems: readonly string[];
}

async function readableOf(
  workspace: Workspace,
  now: Snapshot,
  environment: Environment,
  read: ReadApplications | undefined,
  readSet: ReadApplicationSet | undefined,
  readUpdated: ReadUpdatedImages | undefined,
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
  // A cluster that does not answer is asked, and reported, once.
  const set = applications && readSet && (await orProblem(readSet(environment, region)));
  const error = set && setErrorOf(set);
  if (error !== undefined) problems.push(setProblem(environment, error, now.files));
  const updated =
    applications && readUpdated && strategy !== "pinned"
      ? await orProblem(readUpdated(environment, region))
      : undefined;
  return {
    environment,
    strategy,
    updated,
    registry: registry && new CachedRegistry(registry),
    applications:
      applications && new Map(applications.map((one) => [one.metadata.name, one] as const)),
    problems,
  };
}

interface RowContext {
  readonly repository: Repository;
  readonly now: Snapshot;
  readonly at: Date;
  readonly readable: Readable;
  readonly history: FileHistory | undefined;
}

async function rowOf(file: FileOfService, context: RowContext): Promise<BoardRow> {
  const { environment, service, path, text } = file;
  const { repository, now, at, readable, history } = context;
  const content = readServiceFile(text);
  const changed = history?.changed ?? null;
  const none = { digest: null, built: null, waiting: null };
  if (content === undefined) {
    const unread = { image: null, tag: null, ageSeconds: null, hold: null, tagged: null };
    const problem = problemOf(path, text, await lastValid(repository, now.commit, path));
    return { service, environment, file: path, ...unread, ...none, changed, problem };
  }
  const { name: image } = imageOf(content.image.repository);
  const { tag } = content;
  const tagged = history?.tagged ?? null;
  const known = {
    ...{ service, environment, file: path, image, tag },
    ageSeconds: tagged && Math.max(0, Math.floor((at.getTime() - tagged.date.getTime()) / 1000)),
    hold: content.hold?.reason ?? null,
    tagged,
    changed,
  };
  const { registry, strategy, updated } = readable;
  const due = updated
    ? updateProblems(environment, service, content.image.repository, updated)
    : [];
  const problemFrom = (others: readonly string[]) => [...others, ...due].join("; ") || null;
  if (registry === undefined) return { ...known, ...none, problem: problemFrom([]) };
  try {
    const found = await registry.image(image, tag);
    const builds =
      strategy === "newest-build" ? await otherBuilds(registry, image, tag) : undefined;
    const waiting =
      builds?.newer ??
      higherReleases(
        [
          ...(await registry.tags(image)),
          ...(strategy === "pinned" ? tagsBefore(now, environment, service) : []),
        ],
        tag,
      );
    return {
      ...known,
      digest: found?.digest ?? null,
      built: (found?.isForNodes === true && found.created) || null,
      waiting,
      problem: problemFrom(imageProblems({ environment, image, tag, found, builds })),
    };
  } catch (error) {
    return { ...known, ...none, problem: problemFrom(registry.silence ? [] : [messageOf(error)]) };
  }
}

/** What is wrong with a file, since when, and the ways out, on one line. */
function problemOf(path: string, text: string, last: LastValid): string {
  const [first, ...more] = serviceFileFindings(path, text);
  const { line, column, message, fix } = first ?? { line: 1, column: 1, message: "", fix: "" };
  const others = more.length > 0 ? ` (and ${more.length} more: idp check)` : "";
  const back = last.valid ? `, or bring back the text before: ${rollbackOf(path)}` : "";
  return `${path}:${line}:${column} is not valid${sinceText(last)}: ${message}${others}. Fix: ${fix}${back}`;
}

/** The tag that the previous environment's file names for a service, if any. */
function tagsBefore({ services }: Snapshot, environment: Environment, service: string): string[] {
  const before = environments[environments.indexOf(environment) - 1];
  return services
    .filter((other) => other.environment === before && other.name === service)
    .map(({ tag }) => tag);
}
