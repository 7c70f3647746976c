import { execa } from "execa";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ociImage } from "../../twin/images/oci-image.ts";
import { pushImage } from "../../twin/images/registry.ts";
import { environments, type Environment } from "../../config/environments.ts";
import type { Workspace } from "../../promotion/workspace.ts";
import { Repository } from "../../promotion/repository.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { MemoryRegistry } from "./memory-registry.ts";

const accounts: Readonly<Record<Environment, string>> = {
  dev: "111111111111",
  staging: "222222222222",
  prod: "333333333333",
};
const strategies = { dev: "newest-build", staging: "semver", prod: "pinned" } as const;

/** Who commits. */
export const identity = {
  GIT_AUTHOR_NAME: "Test Person",
  GIT_AUTHOR_EMAIL: "person@test.invalid",
  GIT_COMMITTER_NAME: "Test Person",
  GIT_COMMITTER_EMAIL: "person@test.invalid",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** A service file, with a comment and quotes that every change has to leave alone. */
export const serviceText = (environment: Environment, tag: string, more = "") =>
  `# ${environment}: every key is in docs/services.md\nimage:\n  repository: ${accounts[environment]}.dkr.ecr.us-west-2.amazonaws.com/idp/clock\n  tag: ${tag} # the version\nport: 8080\n\nresources: "small"\nreplicas: 2\n${more}`;

const stackText = (environment: Environment) =>
  `config:\n  idp:aws: { accountId: "${accounts[environment]}", region: us-west-2 }\n  idp:images: { strategy: ${strategies[environment]} }\n`;

/** The tags that the platform starts with. */
export const firstTags = { dev: "sha-0000001", staging: "v1.0.0", prod: "v1.0.0" } as const;

/**
 * A small platform in a scratch folder: a bare repository with one service "clock" in three environments, a clone of
 * it, and three registries in memory that hold what the service files name, one digest.
 */
export class Platform {
  readonly scratch: string;
  readonly remote: string;
  readonly clone: string;
  readonly registries: Readonly<Record<Environment, MemoryRegistry>>;
  workspace: Workspace;

  private constructor(
    scratch: string,
    registries: Readonly<Record<Environment, MemoryRegistry>>,
    repository: Repository,
  ) {
    this.scratch = scratch;
    this.remote = join(scratch, "remote.git");
    this.clone = join(scratch, "clone");
    this.registries = registries;
    this.workspace = {
      repository,
      registryOf: (environment) => Promise.resolve(registries[environment].as(environment)),
    };
  }

  static async start(): Promise<Platform> {
    const scratch = mkdtempSync(join(tmpdir(), "idp-platform-"));
    const clone = join(scratch, "clone");
    cpSync(await template(), scratch, { recursive: true });
    // The copy's origin is the copy, not the template.
    const config = join(clone, ".git/config");
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace(/url = .*/, `url = ${join(scratch, "remote.git")}`),
    );
    const [dev, staging, prod] = await Promise.all([
      MemoryRegistry.start(),
      MemoryRegistry.start(),
      MemoryRegistry.start(),
    ]);
    const platform = new Platform(
      scratch,
      { dev, staging, prod },
      await Repository.open(clone, { identity }),
    );
    for (const environment of environments)
      await platform.push(environment, firstTags[environment], 1);
    for (const registry of Object.values(platform.registries)) registry.requests.length = 0;
    return platform;
  }

  stop(): void {
    for (const registry of Object.values(this.registries)) registry.stop();
    rmSync(this.scratch, { recursive: true });
  }

  /** Pushes a build under a tag. @param build the same number is the same image; later ones are of later days */
  async push(environment: Environment, tag: string, build: number): Promise<string> {
    const image = ociImage({
      title: "idp/clock",
      revision: `${build}`,
      version: "",
      created: new Date(Date.UTC(2026, 0, build)),
    });
    await pushImage(this.registries[environment].as(environment), "idp/clock", tag, image);
    return image.manifest.digest;
  }

  /** Pushes a commit as somebody else: the remote's main has it, the clone does not yet. */
  async commitElsewhere(
    files: Readonly<Record<string, string | Buffer>>,
    message = "Elsewhere",
  ): Promise<void> {
    await commitTo(this.remote, files, message);
  }

  /** Changes files of the clone without committing them. */
  edit(files: Readonly<Record<string, string>>): void {
    write(this.clone, files);
  }

  inClone(...args: string[]): Promise<string> {
    return git(this.clone, ...args);
  }

  inRemote(...args: string[]): Promise<string> {
    return git(this.remote, ...args);
  }

  /** Returns a service file from the remote. */
  async fileOf(environment: Environment, branch = "main"): Promise<string> {
    return `${await this.inRemote("show", `${branch}:${serviceFileOf(environment, "clock")}`)}\n`;
  }

  /** Returns all that a refused command must not change: the remote's branches, the registries' tags, the clone. */
  async state(): Promise<unknown> {
    return {
      branches: await this.inRemote("for-each-ref", "--format=%(refname) %(objectname)"),
      registries: environments.map((environment) => this.registries[environment].contents()),
      clone: [await this.inClone("status", "--porcelain"), await this.inClone("rev-parse", "HEAD")],
    };
  }
}

/** The folder that every platform is copied from: git runs once, not once for each test. */
let made: Promise<string> | undefined;
const template = () => (made ??= makeTemplate());

async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "idp-platform-template-"));
  process.once("exit", () => {
    rmSync(folder, { recursive: true });
  });
  const remote = join(folder, "remote.git");
  // Without git's sample hooks: a third of the files to copy.
  await git(folder, "init", "--quiet", "--bare", "--initial-branch=main", "--template=", remote);
  const files = environments.flatMap((environment) => [
    [`Pulumi.${environment}.yaml`, stackText(environment)] as const,
    [
      serviceFileOf(environment, "clock"),
      serviceText(environment, firstTags[environment]),
    ] as const,
  ]);
  await commitTo(remote, Object.fromEntries(files), "Start");
  await git(folder, "clone", "--quiet", "--template=", remote, "clone");
  return folder;
}

/** One commit on main of a bare repository by one run of git, without a clone to make it in. */
async function commitTo(
  repository: string,
  files: Readonly<Record<string, string | Buffer>>,
  message: string,
): Promise<void> {
  const data = (content: string | Buffer) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from("\n")]);
  };
  const who = `${identity.GIT_COMMITTER_NAME} <${identity.GIT_COMMITTER_EMAIL}> now`;
  const isFirst = (await git(repository, "for-each-ref", "refs/heads/main")) === "";
  await execa("git", ["fast-import", "--quiet", "--date-format=now"], {
    cwd: repository,
    env: identity,
    input: Buffer.concat([
      Buffer.from(`commit refs/heads/main\nauthor ${who}\ncommitter ${who}\n`),
      data(`${message}\n`),
      Buffer.from(isFirst ? "" : "from refs/heads/main^0\n"),
      ...Object.entries(files).flatMap(([path, content]) => [
        Buffer.from(`M 100644 inline ${path}\n`),
        data(content),
      ]),
    ]),
  });
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  return (await execa("git", args, { cwd, env: identity })).stdout;
}

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** Returns the message that a promise fails with. @throws when it does not fail */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("It should have been refused.");
}
