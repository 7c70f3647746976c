import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { environments, type Environment } from "../config/environments.ts";
import { committed } from "../config/committed.ts";
import { readStackFiles } from "../config/stack-files.ts";
import {
  addRepository,
  isSettled,
  serviceStatuses,
  statusTable,
  syncApplication,
  type ServiceStatus,
} from "./cluster/applications.ts";
import { listClusters } from "./cluster/cluster.ts";
import { containersHere, simulationNotice } from "./cluster/container-support.ts";
import { ensureControlPlane } from "./cluster/control-plane.ts";
import { keepClusterEnvironment } from "./state/environment.ts";
import { bringOver, uncommitted } from "./git/git-repository.ts";
import { ensureGitServer } from "./git/git-server.ts";
import type { NamedService } from "../promotion/services.ts";
import { namedServices, seed } from "./images/images.ts";
import { withLock } from "./process/lock.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { installPrograms, withoutTwin } from "./engine/programs.ts";
import { ensureRegistry } from "./images/registry.ts";
import { contentAt, findCommit } from "./images/service-build.ts";
import { writeSettings } from "./state/settings.ts";
import { applyStack, isUnchanged, type Changes } from "./engine/stack.ts";
import { Stages, type Say } from "../lib/stages.ts";
import { ensureTools } from "./toolchain/build.ts";
import { binaryPath } from "./toolchain/locate.ts";
import { toolNames } from "./toolchain/tools.ts";
import { ensureTwin, repositoryUrl, twinAccounts, twinPaths, type Twin } from "./state/twin.ts";

/** How long the services may take to start after the stacks are applied. */
const settleLimitMs = 300_000;
const pollMs = 1_000;

/**
 * Starts the twin, or its missing parts: tools, git server, registries, control planes that were running before, the three
 * stacks (applied by the real engine) and the services (by Argo CD). Safe to run again at any time, even after it was killed.
 *
 * @returns whether every service of every environment runs as git describes it
 */
export async function up(stages = new Stages()): Promise<boolean> {
  const paths = twinPaths();
  const twin = await ensureTwin(paths);
  return withLock(join(paths.state, "lock"), () => bringUp(twin, stages), lockLimitMs);
}

/** `up` does not wait for another `up` or `down` that is running. */
const lockLimitMs = 2_000;

async function bringUp(twin: Twin, stages: Stages): Promise<boolean> {
  const paths = twinPaths();
  await stages.run("toolchain", async (say) => {
    await ensureTools(toolNames, { env: withoutTwin(process.env, paths.bin) });
    installPrograms(paths);
    keepClusterEnvironment(process.env, paths);
    say(`${toolNames.length} tools are built`);
    const containers = await containersHere(paths.state);
    if (!containers.runs) say(simulationNotice(containers));
  });
  const services = await stages.run("git server", async (say) => {
    await serveGit(twin, say);
    return namedServices(paths.repository);
  });
  await stages.run("registries", (say) => fillRegistries(twin, services, say));
  const clusters = listClusters();
  if (clusters.length > 0) {
    await stages.run("control planes", async (say) => {
      await Promise.all(clusters.map((cluster) => ensureControlPlane(cluster, say)));
      say(`${clusters.map(({ name }) => name).join(", ")} answer`);
    });
  }
  await stages.run("stacks", async (say) => {
    writeSettings(repositoryRoot, twin);
    await applyStacks(say);
  });
  const manual = manualEnvironments();
  const byHand = (service: NamedService) => manual.includes(service.environment);
  const automated = services.filter((service) => !byHand(service));
  await stages.run("services that Argo CD syncs", async (say) => {
    const writing = environments.filter((environment) => !manual.includes(environment));
    await Promise.all(
      writing.map((environment) => addRepository(environment, repositoryUrl(twin))),
    );
    await settle(automated, say);
  });
  await stages.run("services that a person syncs", (say) =>
    syncByHand(services.filter(byHand), say),
  );

  const statuses = await serviceStatuses(services);
  const isGood = statuses.length > 0 && statuses.every(isSettled);
  const lines = ["", ...stages.summary(), "", ...statusTable(statuses), ""];
  for (const line of lines) console.log(line);
  return isGood;
}

async function serveGit(twin: Twin, say: Say): Promise<void> {
  const { git, repository } = twinPaths();
  const { kind, source } = await bringOver(repositoryRoot, repository, {
    url: repositoryUrl(twin),
    branch: "main",
    accounts: twinAccounts,
  });
  say(`${repositoryUrl(twin)}: ${repositoryNews[kind]} (${source.slice(0, 7)})`);
  const changes = await uncommitted(repositoryRoot);
  if (changes.length > 0) {
    say(`not in the twin, because it is not committed: ${changes.join(", ")}`);
  }
  await ensureGitServer(git, twin.gitPort);
}

const repositoryNews = {
  created: "made from the clone's HEAD",
  current: "has the clone's HEAD",
  forwarded: "brought the clone's new commits over",
  merged:
    "merged the clone's new commits with the twin's own; where both changed a line, the twin's version stays",
} as const;

async function fillRegistries(
  twin: Twin,
  services: readonly NamedService[],
  say: Say,
): Promise<void> {
  const binary = binaryPath("registry");
  await Promise.all(environments.map((environment) => ensureRegistry(binary, twin, environment)));
  const { repository } = twinPaths();
  const contentOf = await contentAt(await findCommit("main", [repository]));
  const pushed = await seed(twin, services, contentOf);
  say(pushed.length > 0 ? `pushed ${pushed.join(", ")}` : "hold every image that git names");
}

/** Applies all stacks at the same time. It keeps two cores busy: while one engine waits for its cluster, another computes. */
async function applyStacks(say: Say): Promise<void> {
  const pulumi = binaryPath("pulumi");
  const width = Math.max(...environments.map((environment) => environment.length));
  const results = await Promise.allSettled(
    environments.map(async (environment) => {
      const saying: Say = (line) => {
        say(`${environment.padEnd(width)} │ ${line}`);
      };
      saying(summaryOf(await applyStack(pulumi, environment, saying)));
    }),
  );
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [String(result.reason)] : [],
  );
  if (failures.length > 0) throw new Error(failures.join("\n\n"));
}

function summaryOf(changes: Changes): string {
  if (isUnchanged(changes)) return `0 changes, ${changes["unchanged"] ?? 0} resources unchanged`;
  return Object.entries(changes)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

/** Waits until the services run as git describes them, and prints what changes meanwhile. */
async function settle(services: readonly NamedService[], say: Say): Promise<void> {
  const deadline = Date.now() + settleLimitMs;
  const shown = new Map<string, string>();
  for (;;) {
    const statuses = await statusesOfNamed(services);
    for (const status of statuses) {
      const { environment, service, sync, health, message } = status;
      const line = `${environment}/${service}: ${sync}, ${health}${message && !isSettled(status) ? ` (${message})` : ""}`;
      if (shown.get(`${environment}/${service}`) !== line) say(line);
      shown.set(`${environment}/${service}`, line);
    }
    if (statuses.every(isSettled)) return;
    if (Date.now() > deadline) {
      const late = statuses.filter((status) => !isSettled(status));
      throw new Error(
        `After ${settleLimitMs / 1000} s these do not run as git describes them: ${late.map(({ environment, service }) => `${environment}/${service}`).join(", ")}. ` +
          `See: idp twin status; idp twin logs`,
      );
    }
    await sleep(pollMs);
  }
}

/** Returns the environments whose committed settings leave syncing to a person. */
function manualEnvironments(): Environment[] {
  return readStackFiles(repositoryRoot)
    .filter((file) => committed(file).argoCd.sync === "manual")
    .map(({ environment }) => environment);
}

/** Does what a person does after the merge: looks at the difference and syncs. */
async function syncByHand(services: readonly NamedService[], say: Say): Promise<void> {
  const statuses = await waitForApplications(services, say);
  const outOfSync = statuses.filter((status) => status.sync !== "Synced");
  if (outOfSync.length === 0) say("in sync, nothing for a person to do");
  for (const { environment, service } of outOfSync) {
    say(
      `${environment}/${service}: syncing it, as an operator does; nothing else changes ${environment}`,
    );
    await syncApplication(environment, service);
  }
  await settle(services, say);
}

/** Waits until Argo CD has made an Application for each file and has compared each with the cluster. */
async function waitForApplications(
  services: readonly NamedService[],
  say: Say,
): Promise<ServiceStatus[]> {
  const deadline = Date.now() + settleLimitMs;
  for (;;) {
    const statuses = await statusesOfNamed(services);
    const waiting = statuses.filter(({ sync }) => sync === "Missing" || sync === "Unknown");
    if (waiting.length === 0) return statuses;
    if (Date.now() > deadline) {
      throw new Error(
        `After ${settleLimitMs / 1000} s there is no Application of ${waiting.map(({ environment, service }) => `${environment}/${service}`).join(", ")}. See: idp twin status`,
      );
    }
    await sleep(pollMs);
    if (waiting.length < statuses.length) continue;
    say(`waiting for the Applications of ${waiting.map(({ service }) => service).join(", ")}`);
    await sleep(2 * pollMs);
  }
}

/** Returns the statuses of only these services: Argo CD may have more Applications. */
async function statusesOfNamed(services: readonly NamedService[]): Promise<ServiceStatus[]> {
  return (await serviceStatuses(services)).filter(({ environment, service }) =>
    services.some((named) => named.environment === environment && named.name === service),
  );
}
