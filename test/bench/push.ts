import { tableLines } from "../../lib/table.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceStatuses } from "../../twin/cluster/applications.ts";
import { namedServices } from "../../twin/images/images.ts";
import { ociImage } from "../../twin/images/oci-image.ts";
import { pushImage } from "../../twin/images/registry.ts";
import { requireTwin, twinRegistry } from "../../twin/state/twin.ts";

/** Images that are pushed, one after another. */
const pushes = 10;
const service = "time-service";
const limitMs = 300_000;

/** What a push took, in seconds. */
interface Times {
  /** Until git names the tag. */
  readonly written: number;
  /** Until the tag runs in dev and its Application is Synced and Healthy. */
  readonly running: number;
}

/**
 * Intervals of upstream's releases: Image Updater looks at registries every 2 minutes, Argo CD at git every 120 s and up
 * to 60 s more at random (argocd-cm: timeout.reconciliation, timeout.reconciliation.jitter).
 */
const upstream = { imageUpdater: 120, argoCd: 120, jitter: 60 } as const;

const twin = requireTwin();
const times: Times[] = [];
for (let index = 1; index <= pushes; index++) {
  // Not in step with the controllers' looks.
  await sleep(Math.random() * 10_000);
  const one = await pushAndWait();
  console.log(
    `push ${index}  in git after ${one.written.toFixed(1)} s, running after ${one.running.toFixed(1)} s`,
  );
  times.push(one);
}
const measured = times.map(({ running }) => running);
// What is left of a push when nothing waits: the least that was seen of each part.
const writing = Math.min(...times.map(({ written }) => written));
const deploying = Math.min(...times.map(({ written, running }) => running - written));
const computed = withUpstreamIntervals(writing, deploying);
console.log("");
for (const line of tableLines([
  ["FROM PUSH TO RUNNING IN DEV", "MEDIAN", "P95", ""],
  ["the twin's intervals (10 s each)", ...row(measured), `measured, ${pushes} pushes`],
  ["upstream's default intervals", ...row(computed), "computed from the parts measured"],
])) {
  console.log(line);
}

function row(values: readonly number[]): [string, string] {
  return [`${quantile(values, 0.5).toFixed(1)} s`, `${quantile(values, 0.95).toFixed(1)} s`];
}

/** Nearest rank. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

/** Every way, evenly spread, in which a push can fall between two looks at the registry and two at git. */
function withUpstreamIntervals(write: number, deploy: number): number[] {
  const steps = Array.from({ length: 40 }, (_, index) => (index + 0.5) / 40);
  return steps.flatMap((first) =>
    steps.flatMap((second) =>
      steps.map(
        (random) =>
          write +
          first * upstream.imageUpdater +
          deploy +
          second * (upstream.argoCd + random * upstream.jitter),
      ),
    ),
  );
}

async function pushAndWait(): Promise<Times> {
  const file = (await namedServices()).find(
    ({ environment, name }) => environment === "dev" && name === service,
  );
  if (file === undefined) throw new Error(`dev has no ${service}. Fix: idp twin up`);
  const created = new Date();
  const revision = Math.floor(created.getTime() / 1000)
    .toString(16)
    .slice(-7)
    .padStart(7, "0");
  const tag = `sha-${revision}`;
  const image = ociImage({ title: file.image, revision, version: tag, created });
  await pushImage(twinRegistry(twin, "dev"), file.image, tag, image);
  const start = performance.now();
  const since = () => (performance.now() - start) / 1000;
  let written: number | undefined;
  for (;;) {
    const status = (await serviceStatuses(await namedServices())).find(
      (one) => one.environment === "dev" && one.service === service,
    );
    if (status?.wanted === tag) written ??= since();
    if (
      written !== undefined &&
      status?.tag === tag &&
      status.sync === "Synced" &&
      status.health === "Healthy"
    ) {
      return { written, running: since() };
    }
    if (since() * 1000 > limitMs) {
      throw new Error(`${tag} does not run in dev after ${limitMs / 1000} s. See: idp twin status`);
    }
    await sleep(250);
  }
}
