import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { changeServiceFile } from "../catalog/change-service-file.ts";
import type { Helm } from "../catalog/chart.ts";
import type { Finding } from "../catalog/finding.ts";
import { isBuild, isRelease } from "../catalog/schema.ts";
import { readServiceFile } from "../catalog/service.ts";
import { applicationsFolder, environments } from "../config/environments.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { evidenceText, type Evidence } from "./evidence.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import { changedMeanwhile, publish, type Published } from "./publish.ts";
import { digestOfTag, tagsOf, type Registry } from "./registry.ts";
import { renderAll, unifiedDiff } from "./render.ts";
import type { Change } from "./repository.ts";
import { requireService } from "./require-service.ts";
import { serviceFileOf, type NamedService } from "./services.ts";
import type { ReadApplications } from "./board-clusters.ts";
import { readBoard } from "./read-board.ts";
import { higherReleases } from "./newest.ts";

/** A change of prod to propose. */
export interface PromoteRequest {
  readonly service: string;
  /** `vX.Y.Z`, which staging runs or ran. */
  readonly version: string;
}

/** What examines the change before it is proposed. */
export interface PromoteTools {
  readonly helm: Helm;
  /**
   * Applies every rule to the repository in a folder.
   * @param before texts of files before the change
   */
  readonly check: (
    root: string,
    before: (file: string) => string | undefined,
  ) => Promise<readonly Finding[]>;
  /** Reads staging's Applications. @default Argo CD is not asked */
  readonly applications?: ReadApplications | undefined;
}

/** A change of prod that waits to be merged, with its evidence. */
export interface Promoted extends Published {
  /** Null when prod's file already names the version. */
  readonly evidence: Evidence | null;
  /** The evidence as the pull request's text, in Markdown: title, empty line, body. */
  readonly text: string;
}

/**
 * Proposes a release for prod: pushes a branch whose one commit changes one line of prod's service file, and returns
 * the evidence for the reviewer. Everything is checked before the branch is pushed.
 *
 * @throws Error when the version is not a release, is not the same image in both registries, has not run in staging or
 *   is not higher than prod's; when prod holds the service, a rule is broken or the branch already exists; or when git,
 *   a registry or a cluster does not answer
 */
export async function promote(
  workspace: Workspace,
  { service: name, version }: PromoteRequest,
  tools: PromoteTools,
): Promise<Promoted> {
  if (!isRelease(version)) {
    throw new Error(
      `"${version}" is not a release version; it must be v<major>.<minor>.<patch>, such as v1.2.3.\nNothing was changed.`,
    );
  }
  const { repository } = workspace;
  const now = await snapshot(repository);
  await repository.refuseUnpublished();
  const prod = await requireService(repository, now, "prod", name);
  const staging = await requireService(repository, now, "staging", name);
  const path = serviceFileOf("prod", name);
  const before = now.files.get(path) ?? "";
  const after = changeServiceFile(path, before, { tag: version });
  const target = { service: name, environment: "prod" } as const;
  if (prod.tag === version) {
    const published = { ...target, before: version, tag: version, hold: prod.hold ?? null };
    return { ...published, commit: null, branch: null, evidence: null, text: "" };
  }
  refuseUnfit(prod, version);

  const images = await sameImage(workspace, now, prod, version);
  const stay = stayOf(
    await repository.history(now.commit, serviceFileOf("staging", name)),
    version,
  );
  if (stay === undefined) {
    throw new Error(
      `staging has not run ${name} ${version}; it runs ${staging.tag}.\nNothing was changed. Fix: wait until staging runs it (idp status ${name}); it takes the highest version by itself, unless it is held`,
    );
  }
  const findings = await rulesOver(workspace, now, name, { path, before, after }, tools);
  const broken = findings.filter(({ level }) => level === "error");
  if (broken.length > 0) {
    throw new Error(
      `${name} ${version} in prod would break rules:\n${broken.map(({ file, rule, message, fix }) => `${file} ${rule}: ${message}\n  Fix: ${fix}`).join("\n")}\nNothing was changed.`,
    );
  }
  const [old = "", made = ""] = await renderAll(
    repository,
    now,
    [
      { ...target, text: before },
      { ...target, text: after },
    ],
    tools.helm,
  );
  const evidence: Evidence = {
    service: name,
    version,
    before: prod.tag,
    file: path,
    image: prod.image,
    ...images,
    staging: { ...stay, ...(await healthOf(workspace, name, tools.applications)) },
    findings: findings.map(({ file, rule, message }) => ({ file, rule, message })),
    manifest: await unifiedDiff(["prod now", "prod after"], [old, made]),
  };
  const text = evidenceText(evidence);
  const published = await publish(repository, now, target, `promote/prod/${name}-${version}`, {
    path,
    edit: (found) => {
      // The evidence is about the file as it was. A changed file needs a new check.
      if (found === before) return after;
      throw changedMeanwhile(path);
    },
    message: () => text,
  });
  return { ...published, evidence, text };
}

function refuseUnfit(prod: NamedService, version: string): void {
  if (prod.hold !== undefined) {
    throw new Error(
      `prod holds ${prod.name} at ${prod.tag}: ${prod.hold}\nNothing was changed. Fix: when updates may go on, idp unhold ${prod.name} prod`,
    );
  }
  if (higherReleases([version], prod.tag).length === 0) {
    throw new Error(
      `prod runs ${prod.name} ${prod.tag}, which is higher than ${version}.\nNothing was changed. Fix: to go back, idp rollback ${prod.name} prod --to ${version}`,
    );
  }
}

/** Returns the digest of a release, the same in staging's and prod's registries, and its build in dev's. */
async function sameImage(
  workspace: Workspace,
  now: Snapshot,
  { name, image }: NamedService,
  version: string,
): Promise<Pick<Evidence, "digest" | "build">> {
  const [dev, staging, prod] = await Promise.all(
    environments.map((environment) => registryOf(workspace, now, environment)),
  );
  if (!dev || !staging || !prod)
    throw new Error("dev, staging and prod must each have a registry.");
  const digests = await Promise.all(
    [staging, prod].map(async (registry) => {
      const digest = await digestOfTag(registry, image, version);
      if (digest !== undefined) return digest;
      throw new Error(
        `The registry of ${registry.name} (${registry.url}) has no ${image}:${version}.\nNothing was changed. Fix: idp release ${name} ${version}`,
      );
    }),
  );
  const [digest = "", other] = digests;
  if (digest !== other) {
    throw new Error(
      `${image}:${version} is not the same image everywhere: staging's registry has ${digest}, prod's has ${other ?? ""}.\nNothing was changed. Fix: release the build under the next version`,
    );
  }
  const ran = (await workspace.repository.history(now.commit, serviceFileOf("dev", name))).flatMap(
    ({ text }) => readServiceFile(text ?? "")?.tag ?? [],
  );
  return { digest, build: await buildOf(dev, image, digest, ran) };
}

/** Returns the build behind a digest; null when dev's registry no longer has it. @param likely tags to try first */
async function buildOf(
  dev: Registry,
  image: string,
  digest: string,
  likely: readonly string[],
): Promise<string | null> {
  const there = (await tagsOf(dev, image)).filter(isBuild);
  const ordered = new Set([...likely.filter((tag) => there.includes(tag)), ...there]);
  for (const tag of ordered) {
    if ((await digestOfTag(dev, image, tag)) === digest) return tag;
  }
  return null;
}

/**
 * Returns when a version last ran somewhere; undefined when it never did.
 * @param history of the service's file there, newest first
 */
export function stayOf(
  history: readonly Change[],
  version: string,
): Pick<Evidence["staging"], "since" | "until"> | undefined {
  const tags = history.map(({ text }) => readServiceFile(text ?? "")?.tag);
  const last = tags.indexOf(version);
  if (last < 0) return undefined;
  const earlier = tags.findIndex((tag, index) => index > last && tag !== version);
  const first = earlier < 0 ? history.length - 1 : earlier - 1;
  return { since: history[first]?.date ?? null, until: history[last - 1]?.date ?? null };
}

async function healthOf(
  workspace: Workspace,
  service: string,
  applications: ReadApplications | undefined,
): Promise<Pick<Evidence["staging"], "argoCd">> {
  if (applications === undefined) return { argoCd: null };
  // Only staging's cluster is asked.
  const board = await readBoard(workspace, {
    services: [service],
    applications: (environment, region) =>
      environment === "staging" ? applications(environment, region) : Promise.resolve([]),
  });
  const row = board.services.find(({ environment }) => environment === "staging");
  if (!row?.cluster) throw new Error([...board.problems, "Nothing was changed."].join("\n"));
  const { sync, health, images } = row.cluster;
  return { argoCd: { sync, health, tags: images.map(({ tag }) => tag) } };
}

/** Applies every rule to this one service after the change, with the platform's settings and chart. */
async function rulesOver(
  { repository }: Workspace,
  now: Snapshot,
  service: string,
  change: { readonly path: string; readonly before: string; readonly after: string },
  { check }: PromoteTools,
): Promise<readonly Finding[]> {
  return inScratchFolder("promote", async (root) => {
    for (const part of ["helm-charts", "policy"]) await repository.checkOut(now.commit, part, root);
    for (const environment of environments) {
      mkdirSync(join(root, applicationsFolder(environment)), { recursive: true });
    }
    const own = environments.map((environment) => serviceFileOf(environment, service));
    for (const [path, text] of now.files) {
      if (path.startsWith("argocd/") && !own.includes(path)) continue;
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), path === change.path ? change.after : text);
    }
    return check(root, (file) => (file === change.path ? change.before : undefined));
  });
}
