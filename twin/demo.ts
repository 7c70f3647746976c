import { tableLines } from "../lib/table.ts";
import { writeWhole } from "../lib/write-file.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { gitIn } from "../promotion/git.ts";
import { promote, type PromoteTools } from "../promotion/promote.ts";
import { digestOfTag, tagsOf } from "../promotion/registry.ts";
import { release } from "../promotion/release.ts";
import { higherReleases } from "../promotion/newest.ts";
import {
  isSettled,
  serviceStatuses,
  syncApplication,
  type ServiceStatus,
} from "./cluster/applications.ts";
import { serviceAddresses } from "./cluster/service-addresses.ts";
import { namedServices } from "./images/images.ts";
import { inTwinWorkspace } from "./git/workspace.ts";
import { mergeBranch } from "./git/pull-request.ts";
import { pushBuild } from "./images/service-build.ts";
import { type Say } from "../lib/stages.ts";
import { twinPaths, twinRegistry, type Twin } from "./state/twin.ts";

/** The service whose source is in this repository. */
const service = "time-service";
/** How long one step may take. */
const stepLimitMs = 300_000;
const pollMs = 500;
/** A service that is ready answers at once. */
const answerLimitMs = 10_000;

const Demo = z.object({
  service: z.string(),
  build: z.string(),
  version: z.string(),
  digest: z.string(),
  moments: z.array(z.object({ seconds: z.number(), what: z.string() })),
});
/** One commit's way to prod, as observed. Seconds count from the commit. */
export type Demo = z.infer<typeof Demo>;

/** Returns the last demo of the twin, or undefined if there was none. */
export function lastDemo(paths = twinPaths()): Demo | undefined {
  const file = recordOf(paths);
  return existsSync(file) ? Demo.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}

/**
 * Takes a commit of time-service through the three environments with the commands that a service team and an operator
 * use: build and push, `idp release`, `idp promote`, merge, sync. The twin's Image Updaters and Argo CDs do everything in
 * between.
 *
 * @returns what happened, and when
 * @throws Error if a step takes more than five minutes, or if the three registries do not have the same digest
 */
export async function demo(twin: Twin, tools: PromoteTools, say: Say): Promise<Demo> {
  await refuseHeld();
  return inTwinWorkspace(twin, async (workspace, clone) => {
    const start = performance.now();
    const moments: Demo["moments"] = [];
    const mark = (what: string) => {
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      moments.push({ seconds, what });
      say(`${seconds.toFixed(1).padStart(6)} s  ${what}`);
    };

    const commit = await commitChange(clone);
    mark(`commit ${commit.hash.slice(0, 7)} of ${service}`);
    const { image, tag: build, digest } = await pushBuild(twin, service, commit);
    mark(`dev's registry has its image as ${build}`);
    await waitFor("dev", `names ${build} in git`, ({ wanted }) => wanted === build);
    mark("dev's Image Updater wrote that to git");
    await waitFor("dev", `runs ${build}`, runs(build));
    mark(`dev runs ${build}`);
    await markAnswer("dev", mark);

    const version = nextMinor(await tagsOf(twinRegistry(twin, "staging"), image));
    await release(workspace, { service, version, commit: commit.hash });
    mark(`released: the registries of staging and prod have it as ${version}`);
    await waitFor("staging", `runs ${version}`, runs(version));
    mark(`staging runs ${version}: its own Image Updater wrote it to git`);
    await markAnswer("staging", mark);

    const before = await statusIn("prod");
    const { branch } = await promote(workspace, { service, version }, tools);
    if (branch === null) throw new Error(`prod's file already names ${service} ${version}.`);
    mark(`proposed for prod: branch ${branch}`);
    await mergeBranch(twin, branch);
    mark("a person merged it");
    const waiting = await waitFor("prod", "is OutOfSync", ({ sync }) => sync === "OutOfSync");
    mark(`prod is OutOfSync and still runs ${waiting.tag}`);
    if (waiting.tag !== before.tag) throw new Error(`prod changed before the sync: ${waiting.tag}`);
    await syncApplication("prod", service);
    await waitFor("prod", `runs ${version}`, runs(version));
    mark(`a person synced: prod runs ${version}`);
    await markAnswer("prod", mark);

    await requireOneDigest(twin, image, { dev: build, staging: version, prod: version }, digest);
    const result = { service, build, version, digest, moments };
    writeWhole(recordOf(twinPaths()), `${JSON.stringify(result, null, 2)}\n`);
    return result;
  });
}

/** Returns the lines that show a demo: what happened when, and the one digest. */
export function demoLines({ service: name, build, version, digest, moments }: Demo): string[] {
  return [
    ...tableLines(
      moments.map(({ seconds, what }) => [`${seconds.toFixed(1).padStart(6)} s`, what]),
    ),
    "",
    `${name} ${build} in dev, ${version} in staging and prod: one image,`,
    digest,
  ];
}

/** Returns the next minor version after the highest of some tags. */
export function nextMinor(tags: readonly string[]): string {
  const [highest = "v1.0.0"] = higherReleases(tags, "");
  const [major = "1", minor = "0"] = highest.slice(1).split(".");
  return `v${major}.${BigInt(minor) + 1n}.0`;
}

function recordOf({ state }: { readonly state: string }): string {
  return join(state, "demo.json");
}

async function refuseHeld(): Promise<void> {
  const held = (await namedServices()).find(
    ({ name, hold }) => name === service && hold !== undefined,
  );
  if (held === undefined) return;
  throw new Error(
    `${service} is held in ${held.environment}: ${held.hold ?? ""}\nNothing was changed. Fix: idp unhold ${service} ${held.environment} --twin`,
  );
}

/** Makes an empty commit. Its build has another version and therefore another digest. */
async function commitChange(clone: string) {
  const who = { name: "service team", email: "team@idp.invalid" };
  const git = gitIn(clone, {
    GIT_AUTHOR_NAME: who.name,
    GIT_AUTHOR_EMAIL: who.email,
    GIT_COMMITTER_NAME: who.name,
    GIT_COMMITTER_EMAIL: who.email,
  });
  await git(["fetch", "--quiet", "origin", "+refs/heads/main:refs/heads/main"]);
  const message = `Change ${service}, for the demo`;
  const hash = await git(["commit-tree", "main^{tree}", "-p", "main", "-m", message]);
  await git(["push", "--quiet", "origin", `${hash}:refs/heads/main`]);
  return { repository: clone, hash, committed: new Date() };
}

/** Asks the service itself, where its Pods are not simulated: all three answer with the build that was made once. */
async function markAnswer(environment: Environment, mark: (what: string) => void): Promise<void> {
  const address = serviceAddresses(environment).get(service);
  if (address === undefined) return;
  const response = await fetch(`${address}/version`, {
    signal: AbortSignal.timeout(answerLimitMs),
  });
  mark(`${environment} answers ${(await response.text()).trim()}`);
}

const runs =
  (tag: string) =>
  (status: ServiceStatus): boolean =>
    isSettled(status) && status.tag === tag;

async function statusIn(environment: Environment): Promise<ServiceStatus> {
  const statuses = await serviceStatuses(await namedServices());
  const found = statuses.find((one) => one.environment === environment && one.service === service);
  if (found) return found;
  throw new Error(`${environment} has no ${service}. Fix: idp twin status`);
}

async function waitFor(
  environment: Environment,
  what: string,
  isSo: (status: ServiceStatus) => boolean,
): Promise<ServiceStatus> {
  const deadline = Date.now() + stepLimitMs;
  for (;;) {
    const status = await statusIn(environment);
    if (isSo(status)) return status;
    if (Date.now() > deadline) {
      throw new Error(
        `Not within ${stepLimitMs / 1000} s: ${environment} ${what}. It is ${status.sync} and ${status.health}, runs ${status.tag}, and git names ${status.wanted}. ${status.message}\nSee: idp twin status; idp twin logs`,
      );
    }
    await sleep(pollMs);
  }
}

async function requireOneDigest(
  twin: Twin,
  image: string,
  tags: Readonly<Record<Environment, string>>,
  digest: string,
): Promise<void> {
  for (const environment of environments) {
    const found = await digestOfTag(twinRegistry(twin, environment), image, tags[environment]);
    if (found !== digest) {
      throw new Error(
        `${environment}'s registry has ${found ?? "nothing"} as ${image}:${tags[environment]}, not ${digest}`,
      );
    }
  }
}
