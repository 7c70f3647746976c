import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { changeServiceFile } from "../catalog/change-service-file.ts";
import type { Helm } from "../catalog/chart.ts";
import type { Finding } from "../catalog/finding.ts";
import { isBuild, isRelease } from "../catalog/schema.ts";
import { readServiceFile } from "../catalog/service.ts";
import { required, wholeGroups } from "../config/committed.ts";
import { applicationsFolder, environments } from "../config/environments.ts";
import { Settings } from "../config/schema.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { UsageError } from "../lib/usage-error.ts";
import { evidenceText, forcedBecause, type Evidence } from "./evidence.ts";
import { objections, reportOf, type Ground, type Objection, type StagingReport } from "./ground.ts";
import { fileHistories } from "./history.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import { changedMeanwhile, publish, type Published } from "./publish.ts";
import { promotionBranch } from "./open-promotions.ts";
import { refuseReason } from "./reason.ts";
import { digestOfTag, tagsOf, type Registry } from "./registry.ts";
import { renderAll, unifiedDiff } from "./render.ts";
import type { Change, Repository } from "./repository.ts";
import { requireService } from "./require-service.ts";
import { serviceFileOf, type NamedService } from "./services.ts";
import type { ReadApplications } from "./board-clusters.ts";
import { higherReleases } from "./newest.ts";

/** A change of prod to propose. */
export interface PromoteRequest {
  readonly service: string;
  /** `vX.Y.Z`, which staging runs or ran. */
  readonly version: string;
  /** Why to propose it whatever staging says now; it goes into the evidence. @default what staging says counts */
  readonly force?: string | undefined;
  /** @default now */
  readonly at?: Date;
}

/** What examines the change before it is proposed. */
export interface PromoteTools {
  readonly helm: Helm;
  /**
   * Applies every rule to the repository in a folder.
   * @param before texts of files before the change
   * @param had the versions that a service file has named, by git's history
   */
  readonly check: (
    root: string,
    before: (file: string) => string | undefined,
    had?: (file: string) => readonly string[],
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
 *   is not higher than prod's; when staging no longer has it or has not had it long enough, unless forced; when prod holds
 *   the service, a rule is broken or the branch already exists; or when git, a registry or a cluster does not answer
 */
export async function promote(
  workspace: Workspace,
  { service: name, version, force, at = new Date() }: PromoteRequest,
  tools: PromoteTools,
): Promise<Promoted> {
  if (!isRelease(version)) {
    throw new UsageError(
      `"${version}" is not a release version; it must be v<major>.<minor>.<patch>, such as v1.2.3.\nNothing was changed.`,
    );
  }
  if (force !== undefined) refuseReason(force);
  const { repository } = workspace;
  const now = await snapshot(repository);
  await repository.refuseUnpublished();
  const soakMinutes = soakMinutesOf(now);
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
  const since = await sinceWhen(repository, now, serviceFileOf("staging", name));
  const stay =
    staging.tag === version
      ? { since: since ?? null, until: null }
      : stayOf(await repository.history(now.commit, serviceFileOf("staging", name)), version);
  if (stay === undefined) {
    throw new Error(
      `staging has not run ${name} ${version}; it runs ${staging.tag}.\nNothing was changed. Fix: wait until staging runs it (idp status ${name}); it takes the highest version by itself, unless it is held`,
    );
  }
  const argoCd = tools.applications ? await askStaging(now, staging, tools.applications) : null;
  const ground = { tag: staging.tag, hold: staging.hold, since, argoCd };
  const against = objections({ service: name, version }, ground, soakMinutes, at);
  if (against.length > 0 && force === undefined) throw refusal(name, version, against);
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
    staging: { ...stay, argoCd: argoCd && reported(argoCd) },
    ...(soakMinutes > 0 && {
      soak: { minutes: soakMinutes, healthSince: argoCd?.healthSince ?? null },
    }),
    ...(force !== undefined &&
      against.length > 0 && { forced: { reason: force, against: against.map(({ why }) => why) } }),
    findings: findings.map(({ file, rule, message }) => ({ file, rule, message })),
    manifest: await unifiedDiff(["prod now", "prod after"], [old, made]),
  };
  const text = evidenceText(evidence);
  const published = await publish(repository, now, target, promotionBranch(name, version), {
    path,
    edit: (found) => {
      // The evidence is about the file as it was. A changed file needs a new check.
      if (found === before) return after;
      throw changedMeanwhile(path);
    },
    message: () => text,
    ...(evidence.forced && { trailer: forcedBecause(evidence.forced.reason) }),
  });
  return { ...published, evidence, text };
}

/** Returns how long staging must have had a release, by prod's settings. @throws SettingsError when they are not valid */
function soakMinutesOf({ files }: Snapshot): number {
  const file = parseStackFile("prod", files.get(stackFileOf("prod")) ?? "");
  const group = Settings.pick({ promotion: true });
  return required(file, () => wholeGroups(file, group)).promotion?.soakMinutes ?? 0;
}

/** Returns when the branch got the change that gave a file its present version. */
async function sinceWhen(
  repository: Repository,
  now: Snapshot,
  path: string,
): Promise<Date | undefined> {
  const versions = await repository.versions(now.commit, [path]);
  const histories = await fileHistories([path], versions, (blobs) => repository.texts(blobs));
  return histories.get(path)?.tagged.date;
}

function refusal(service: string, version: string, against: readonly Objection[]): Error {
  return new Error(
    `${service} ${version} should not go to prod now:\n${against.map(({ why, fix }) => `${why}\n  Fix: ${fix}`).join("\n")}\nNothing was changed. To propose it nevertheless, with the reason in the pull request: idp promote ${service} ${version} --force --reason "<text>"`,
  );
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
  const ran = tagsIn(await workspace.repository.history(now.commit, serviceFileOf("dev", name)));
  return { digest, build: await buildOf(dev, image, digest, ran) };
}

/** The versions that a service's file has named. */
function tagsIn(history: readonly Change[]): string[] {
  return history.flatMap(({ text }) => readServiceFile(text ?? "")?.tag ?? []);
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

/** Asks staging's Argo CD for a service; it is the only cluster that is asked. */
async function askStaging(
  now: Snapshot,
  { name, image }: NamedService,
  applications: ReadApplications,
): Promise<NonNullable<Ground["argoCd"]>> {
  const file = parseStackFile("staging", now.files.get(stackFileOf("staging")) ?? "");
  const all = await applications(
    "staging",
    required(file, ({ aws }) => aws.region),
  ).catch((error: unknown) => {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`${said}\nNothing was changed.`, { cause: error });
  });
  return reportOf(
    all.find(({ metadata }) => metadata.name === name),
    image,
  );
}

/** What the evidence shows of it. */
function reported({ sync, health, tags }: StagingReport): StagingReport {
  return { sync, health, tags };
}

/** Applies every rule to this one service after the change, with the platform's settings and chart. */
async function rulesOver(
  { repository }: Workspace,
  now: Snapshot,
  service: string,
  change: { readonly path: string; readonly before: string; readonly after: string },
  { check }: PromoteTools,
): Promise<readonly Finding[]> {
  const staging = serviceFileOf("staging", service);
  const had = tagsIn(await repository.history(now.commit, staging));
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
    return check(
      root,
      (file) => (file === change.path ? change.before : undefined),
      (file) => (file === staging ? had : []),
    );
  });
}
