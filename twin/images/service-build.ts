import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { digestOfTag } from "../../promotion/registry.ts";
import { filesAt } from "../git/git-repository.ts";
import { namedServices, type ContentOf } from "./images.ts";
import { ociImage, platform, type ImageContent, type OciImage } from "./oci-image.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { pushImage } from "./registry.ts";
import { compilerFlags, findGo, linkerArgument } from "../toolchain/go.ts";
import { twinPaths, twinRegistry, type Twin } from "../state/twin.ts";

/** The folder of the services whose source is in this repository. */
export const sourcesFolder = "examples";

/** A commit in a git repository on this machine. */
export interface SourceCommit {
  /** Folder of a clone or a bare repository. */
  readonly repository: string;
  /** Whole hash. */
  readonly hash: string;
  /** When it was committed. It is the image's build date: the same commit always gives the same image. */
  readonly committed: Date;
}

/** A build in dev's registry. */
export interface PushedBuild {
  readonly service: string;
  /** Repository in the registry, such as `idp/localtime`. */
  readonly image: string;
  /** `sha-<7 hex digits>`. */
  readonly tag: string;
  readonly digest: string;
  /** Whole hash of the commit. */
  readonly commit: string;
  /** False if the registry had it already. */
  readonly isNew: boolean;
}

/** Returns the tag for the build of a commit. */
export function buildTag(hash: string): string {
  return `sha-${hash.slice(0, 7)}`;
}

/**
 * Builds a service's image from its source at a commit: one static program, no Docker. The same commit gives the same digest.
 *
 * @param title the image's repository, such as `idp/localtime`
 * @throws Error if the commit has no such source or it does not compile
 */
export async function buildService(
  service: string,
  title: string,
  commit: SourceCommit,
): Promise<OciImage> {
  const tag = buildTag(commit.hash);
  return ociImage(
    { title, revision: commit.hash, version: tag, created: commit.committed },
    await buildContent(service, tag, commit),
  );
}

/**
 * Builds a service's program from its source at a commit, as the content of an image.
 *
 * @param version what the program says of itself
 * @throws Error if the commit has no such source or it does not compile
 */
async function buildContent(
  service: string,
  version: string,
  { repository, hash }: Pick<SourceCommit, "repository" | "hash">,
): Promise<ImageContent> {
  const folder = `${sourcesFolder}/${service}`;
  return inScratchFolder("build", async (scratch) => {
    await extract(repository, hash, folder, scratch);
    const go = await findGo(process.env);
    const program = join(scratch, "program");
    const target = { GOOS: platform.os, GOARCH: platform.architecture };
    await execa(
      "go",
      ["build", ...compilerFlags, linkerArgument({ "main.version": version }), "-o", program, "."],
      { cwd: join(scratch, folder), env: { ...go.env, ...target }, extendEnv: false },
    ).catch((error: unknown) => {
      throw new Error(
        `${folder} does not compile at ${hash.slice(0, 7)}:\n${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    });
    return {
      files: [{ path: service, mode: 0o755, data: readFileSync(program) }],
      entrypoint: [`/${service}`],
      createdBy: "idp twin push",
    };
  });
}

/** Returns the contents of the images of all services whose source is in a commit. */
export async function contentAt(commit: SourceCommit): Promise<ContentOf> {
  const { repository, hash } = commit;
  const inFolder = new RegExp(`^${sourcesFolder}/([^/]+)/main\\.go$`);
  const programs = await filesAt(repository, hash, (path) => inFolder.test(path));
  const services = [...programs.keys()].map((path) => inFolder.exec(path)?.[1]);
  return async (service, version) =>
    services.includes(service) ? buildContent(service, version, commit) : undefined;
}

async function extract(
  repository: string,
  hash: string,
  folder: string,
  target: string,
): Promise<void> {
  const archive = join(target, "source.tar");
  const { failed } = await execa("git", ["archive", "--output", archive, hash, "--", folder], {
    cwd: repository,
    reject: false,
  });
  if (failed) {
    throw new Error(
      `${hash.slice(0, 7)} has no ${folder}. Fix: commit it, or name a commit that has it (--commit)`,
    );
  }
  await execa("tar", ["-xf", archive, "-C", target]);
}

/**
 * Returns the commit with this name, from this clone or else from the twin's repository.
 *
 * @param name hash, branch or any other name that git knows
 * @throws Error if neither has it
 */
export async function findCommit(
  name: string,
  repositories = [repositoryRoot, twinPaths().repository],
): Promise<SourceCommit> {
  for (const repository of repositories.filter((path) => existsSync(path))) {
    const { stdout, failed } = await execa(
      "git",
      ["log", "-1", "--format=%H %ct", "--end-of-options", name, "--"],
      { cwd: repository, reject: false },
    );
    const [hash, seconds] = stdout.split(" ");
    if (failed || !hash) continue;
    return { repository, hash, committed: new Date(Number(seconds) * 1000) };
  }
  throw new Error(
    `There is no commit "${name}" in ${repositories.join(" nor in ")}. Fix: name a commit that exists (see git log)`,
  );
}

/**
 * Builds a service's image from a commit and pushes it to dev's registry under `sha-<7 hex digits>`.
 *
 * @throws Error if the service has no source here or no file in dev, if it does not compile, or if the registry has another
 *   image under the tag: tags are never moved
 */
export async function pushBuild(
  twin: Twin,
  service: string,
  commit: SourceCommit,
): Promise<PushedBuild> {
  requireSource(service);
  const file = (await namedServices()).find(
    ({ environment, name }) => environment === "dev" && name === service,
  );
  if (file === undefined) {
    throw new Error(
      `${service} has no valid service file in dev on the twin's branch. Fix: idp check`,
    );
  }
  const { image } = file;
  const tag = buildTag(commit.hash);
  const content = await buildService(service, image, commit);
  const { digest } = content.manifest;
  const registry = twinRegistry(twin, "dev");
  const known = await digestOfTag(registry, image, tag);
  if (known !== undefined && known !== digest) {
    throw new Error(
      `dev's registry has ${image}:${tag} with another digest, and tags are never moved: ${known}, not ${digest}. ` +
        `Fix: push another commit`,
    );
  }
  if (known === undefined) await pushImage(registry, image, tag, content);
  return { service, image, tag, digest, commit: commit.hash, isNew: known === undefined };
}

/** Returns the services whose source is in this repository, sorted. */
export function servicesWithSource(root = repositoryRoot): string[] {
  return readdirSync(join(root, sourcesFolder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function requireSource(service: string): void {
  const known = servicesWithSource();
  if (known.includes(service)) return;
  throw new Error(
    `"${service}" has no source in ${sourcesFolder}/; there are: ${known.join(", ")}`,
  );
}
