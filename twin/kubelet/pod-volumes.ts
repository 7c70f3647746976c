import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { PodConfigError } from "./pod.ts";
import type { Container, Content, Sources, Volume } from "./pod.ts";

// There are no mount namespaces here: every process sees the whole machine. A container gets a folder that stands for
// its root, with a symbolic link for each mount. Each path of the container in its arguments, variables and mounted
// ConfigMaps is rewritten to a path below that folder.

/** The service account token that a projected volume asks for. */
export type TokenOf = (request: { audience?: string; expirationSeconds?: number }) => string;

/**
 * The files of a volume by their path in it; undefined for an emptyDir, whose files are the Pod's own.
 * @throws PodConfigError for a missing source that is not optional, and for a kind of volume that the twin does not have
 */
export function volumeFiles(
  volume: Volume,
  sources: Sources,
  tokenOf: TokenOf,
): Map<string, Buffer> | undefined {
  const { name, configMap, secret, emptyDir, downwardAPI, projected } = volume;
  if (emptyDir !== undefined) return undefined;
  if (configMap !== undefined)
    return pick("ConfigMap", configMap, sources.configMap(configMap.name));
  if (secret !== undefined) {
    const { secretName } = secret;
    return pick("Secret", { ...secret, name: secretName }, sources.secret(secretName));
  }
  if (downwardAPI !== undefined) return fields(downwardAPI, sources);
  if (projected !== undefined) {
    return new Map(
      projected.sources.flatMap((source) => [
        ...(source.configMap === undefined
          ? []
          : pick("ConfigMap", source.configMap, sources.configMap(source.configMap.name))),
        ...(source.secret === undefined
          ? []
          : pick("Secret", source.secret, sources.secret(source.secret.name))),
        ...(source.downwardAPI === undefined ? [] : fields(source.downwardAPI, sources)),
        ...(source.serviceAccountToken === undefined
          ? []
          : new Map([
              [source.serviceAccountToken.path, Buffer.from(tokenOf(source.serviceAccountToken))],
            ])),
      ]),
    );
  }
  const kind = Object.keys(volume).find((key) => key !== "name") ?? "unknown";
  throw new PodConfigError(`volume ${name} is a ${kind}; the twin has no such volumes`);
}

function pick(
  kind: string,
  reference: {
    readonly name: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
    readonly optional?: boolean;
  },
  content: Content | undefined,
): Map<string, Buffer> {
  const { name, items, optional = false } = reference;
  if (content === undefined) {
    if (optional) return new Map();
    throw new PodConfigError(`${kind} "${name}" not found`);
  }
  if (items === undefined) return new Map(content);
  const files = new Map<string, Buffer>();
  for (const { key, path } of items) {
    const value = content.get(key);
    if (value !== undefined) files.set(path, value);
    else if (!optional) throw new PodConfigError(`couldn't find key ${key} in ${kind} ${name}`);
  }
  return files;
}

function fields(
  { items }: NonNullable<Volume["downwardAPI"]>,
  sources: Sources,
): Map<string, Buffer> {
  return new Map(
    (items ?? []).flatMap(({ path, fieldRef }) =>
      fieldRef === undefined ? [] : [[path, Buffer.from(sources.field(fieldRef.fieldPath))]],
    ),
  );
}

/** The folders of one container. */
export interface ContainerFolders {
  /** Stands for the container's root. */
  readonly root: string;
  /** Folder of a volume that only this container sees: rewritten ConfigMaps, secrets, tokens. */
  readonly volumes: string;
  /** Folder of the volumes that the Pod's containers share. */
  readonly shared: string;
}

/**
 * A function that turns a container's paths into this machine's, wherever they stand in a text. A path counts when it is
 * whole: nothing before or after it makes it a part of another name.
 */
export function pathRewriter(
  containerPaths: readonly string[],
  root: string,
): (text: string) => string {
  // The root cannot be a mount. The longest path comes first: /app/config/tls is not /app/config.
  const paths = [...new Set(containerPaths)]
    .filter((path) => path !== "/")
    .sort((a, b) => b.length - a.length);
  if (paths.length === 0) return (text) => text;
  const escaped = paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\w./-])(?:${escaped.join("|")})(?![\\w.-])`, "g");
  return (text) => text.replace(pattern, (path) => root + path);
}

/** A container's mounts and its image's folders, as {@link pathRewriter} wants them. */
export function containerPaths(container: Container, folders: readonly string[]): string[] {
  return [...(container.volumeMounts ?? []).map(({ mountPath }) => mountPath), ...folders];
}

/**
 * Writes a container's volumes and links them to where they are mounted. A second call brings the files up to date:
 * it replaces changed ones and removes those whose key is gone. What the Pod wrote into an emptyDir stays.
 *
 * A `subPath` mount is brought up to date as well; a kubelet would not do that.
 */
export function writeVolumes(
  container: Container,
  volumes: readonly Volume[],
  folders: ContainerFolders,
  filesOf: (volume: Volume) => ReadonlyMap<string, Buffer> | undefined,
  rewrite: (text: string) => string,
): void {
  const mounts = [...(container.volumeMounts ?? [])].sort(
    // An outer mount comes before those inside it.
    (a, b) => a.mountPath.length - b.mountPath.length,
  );
  for (const { name, mountPath, subPath = "" } of mounts) {
    const volume = volumes.find((candidate) => candidate.name === name);
    if (volume === undefined)
      throw new PodConfigError(`mount ${mountPath} names no volume: ${name}`);
    const files = filesOf(volume);
    const folder = join(files === undefined ? folders.shared : folders.volumes, name);
    const isText = volume.configMap !== undefined;
    writeVolumeFiles(folder, volume, files, isText ? rewrite : undefined);
    link(join(folder, subPath), join(folders.root, mountPath));
  }
}

/**
 * Writes a volume's files into its folder. A second call brings them up to date.
 * @param files undefined for an emptyDir: only the folder is made
 * @param rewrite changes a file's text
 */
export function writeVolumeFiles(
  folder: string,
  volume: Volume,
  files: ReadonlyMap<string, Buffer> | undefined,
  rewrite: (text: string) => string = (text) => text,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (files !== undefined) writeFiles(folder, files, rewrite, executables(volume));
}

/** Paths that the Pod may execute. Other modes are ignored: every file is its owner's alone. */
function executables({ configMap, secret }: Volume): ReadonlySet<string> {
  const items = [...(configMap?.items ?? []), ...(secret?.items ?? [])];
  return new Set(items.filter(({ mode = 0 }) => (mode & 0o111) !== 0).map(({ path }) => path));
}

function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Buffer>,
  rewrite: (text: string) => string,
  executable: ReadonlySet<string>,
): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    // Folders and links are other mounts.
    if (entry.isFile() && !files.has(entry.name)) rmSync(join(folder, entry.name));
  }
  for (const [path, content] of files) {
    const file = join(folder, path);
    const text = content.toString("utf8");
    const written = rewrite(text) === text ? content : Buffer.from(rewrite(text));
    if (existsSync(file) && readFileSync(file).equals(written)) continue;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, written, { mode: executable.has(path) ? 0o700 : 0o600 });
  }
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() === true) return;
  if (there !== undefined) rmSync(path, { recursive: true });
  symlinkSync(target, path);
}
