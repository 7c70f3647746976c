import { readServiceFile } from "../catalog/service.ts";

/** Who changed something, and in which commit. */
export interface Author {
  readonly commit: string;
  /** Name of the author in git. */
  readonly author: string;
  /** When the commit was made. */
  readonly date: Date;
  /** First line of the commit's message. */
  readonly subject: string;
}

/** A version of a file, as one commit left it. */
export interface FileVersion {
  /** From the repository's root. */
  readonly path: string;
  /** Object id of the content; all zeros when the commit deleted the file. */
  readonly blob: string;
  readonly by: Author;
}

/** The changes behind what a service file says now. */
export interface FileHistory {
  /** The last change of the file. */
  readonly changed: Author;
  /** The change that gave it its present tag. */
  readonly tagged: Author;
}

/** Returns the versions in the output of `git log --raw`, newest first; each commit begins with the byte 1. */
export function versionsIn(log: string): FileVersion[] {
  return log
    .split("\x01")
    .slice(1)
    .flatMap((entry) => {
      const [head = "", ...changes] = entry.split("\n");
      const [commit = "", author = "", date = "", subject = ""] = head.split("\0");
      const by = { commit, author, date: new Date(date), subject };
      return changes.flatMap((change) => {
        // :<mode> <mode> <blob> <blob> <status>\t<path>
        const [, blob, path] = /^:\S+ \S+ \S+ (\S+) \S+\t(.+)$/.exec(change) ?? [];
        return blob !== undefined && path !== undefined ? [{ path, blob, by }] : [];
      });
    });
}

/**
 * Returns the history of each file in `paths` that `versions` mention.
 *
 * @param versions newest first
 * @param texts reads blobs; called only for as many as it takes to find the change of the tag
 */
export async function fileHistories(
  paths: readonly string[],
  versions: readonly FileVersion[],
  texts: (blobs: readonly string[]) => Promise<(string | undefined)[]>,
): Promise<Map<string, FileHistory>> {
  const all = Map.groupBy(versions, ({ path }) => path);
  const byPath = new Map(paths.flatMap((path) => [[path, all.get(path) ?? []] as const]));
  const histories = new Map<string, FileHistory>();
  const tags = new Map<string, string | undefined>();
  // Most commits change the tag: read a few texts first, then twice as many each time.
  for (let depth = 2; histories.size < byPath.size; depth *= 2) {
    const open = [...byPath].filter(([path]) => !histories.has(path));
    const blobs = new Set(open.flatMap(([, own]) => own.slice(0, depth).map(({ blob }) => blob)));
    const unread = [...blobs].filter((blob) => !tags.has(blob));
    for (const [index, text] of (await texts(unread)).entries()) {
      tags.set(unread[index] ?? "", text === undefined ? undefined : readServiceFile(text)?.tag);
    }
    for (const [path, own] of open) {
      const history = historyOf(own.slice(0, depth), tags, own.length <= depth);
      if (history) histories.set(path, history);
    }
  }
  return histories;
}

/** Undefined when the versions do not reach back to another tag and more are left to read. */
function historyOf(
  versions: readonly FileVersion[],
  tags: ReadonlyMap<string, string | undefined>,
  isWhole: boolean,
): FileHistory | undefined {
  const [last] = versions;
  if (last === undefined) return undefined;
  const other = versions.findIndex(({ blob }) => tags.get(blob) !== tags.get(last.blob));
  if (other < 0 && !isWhole) return undefined;
  const tagged = versions[(other < 0 ? versions.length : other) - 1] ?? last;
  return { changed: last.by, tagged: tagged.by };
}
