import { compareReleases } from "../catalog/compare-releases.ts";
import { imageOf } from "../catalog/schema.ts";
import { standingOf, type Application } from "./argocd.ts";
import { soaksUntil, wholeMinute } from "./soak.ts";
import { timeText } from "./text.ts";

/** What staging's Argo CD reports of a service. */
export interface StagingReport {
  /** Argo CD's own word. */
  readonly sync: string;
  /** Argo CD's own word. */
  readonly health: string;
  /** The running tags of the service's image. */
  readonly tags: readonly string[];
}

/** What a promotion stands on: staging's file and, where it was asked, staging's Argo CD. */
export interface Ground {
  /** The version that staging's file names, a hold's before the image's. */
  readonly tag: string;
  /** Why staging holds it; undefined while updates go on. */
  readonly hold?: string | undefined;
  /** When the deployed branch got the change that gave the file this version; undefined when git does not say. */
  readonly since: Date | undefined;
  /** Null when staging's cluster was not asked. */
  readonly argoCd:
    | (StagingReport & {
        /** Since when Argo CD reports this health; undefined when it does not say. */
        readonly healthSince: Date | undefined;
      })
    | null;
}

/** Why a release should not go to prod now. */
export interface Objection {
  readonly why: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A release to promote. */
interface Release {
  readonly service: string;
  readonly version: string;
}

/**
 * Returns what speaks against a promotion; nothing when staging has the release and keeps it. Judged is what was read, no
 * more: without its cluster, staging may still run something else than its file names.
 *
 * @param soakMinutes how long staging must have had the release
 */
export function objections(
  { service, version }: Release,
  { tag, hold, since, argoCd }: Ground,
  soakMinutes: number,
  at: Date,
): Objection[] {
  const found: Objection[] = [];
  if (tag !== version && hold !== undefined) {
    found.push({
      why: `staging holds ${tag}: ${hold}`,
      fix: `when staging may go on, idp unhold ${service} staging, and promote what it takes then`,
    });
  } else if (tag !== version) {
    found.push({
      why: `staging's file no longer names it, but ${tag}`,
      fix:
        compareReleases(tag, version) > 0
          ? `promote that one: idp promote ${service} ${tag}`
          : `let staging take ${version} again (idp status ${service})`,
    });
  }
  if (argoCd) found.push(...clusterObjections({ service, version }, argoCd));
  if (tag !== version) return found;
  const soaked = soaksUntil(since, soakMinutes);
  if (soaked === undefined || at < soaked) {
    found.push(tooEarly(soaked, soakMinutes, `staging's file names it`, since));
  } else if (argoCd?.health === "Healthy") {
    const { healthSince } = argoCd;
    const healthy = soaksUntil(healthSince, soakMinutes);
    if (healthy === undefined || at < healthy) {
      found.push(tooEarly(healthy, soakMinutes, `Argo CD calls it Healthy`, healthSince));
    }
  }
  return found;
}

function clusterObjections(
  { service, version }: Release,
  { sync, health, tags }: StagingReport,
): Objection[] {
  const fix = `wait until idp status ${service} --cluster says Synced and Healthy`;
  const runs = tags.join(" and ") || "nothing of it";
  return [
    ...(tags.length === 1 && tags[0] === version ? [] : [{ why: `staging runs ${runs}`, fix }]),
    ...(sync === "Synced" ? [] : [{ why: `staging's Argo CD says ${sync}`, fix }]),
    ...(health === "Healthy" ? [] : [{ why: `staging's Argo CD says ${health}`, fix }]),
  ];
}

function tooEarly(
  until: Date | undefined,
  soakMinutes: number,
  what: string,
  since: Date | undefined,
): Objection {
  const setting = `idp:promotion.soakMinutes is ${soakMinutes}`;
  return until === undefined || since === undefined
    ? {
        why: `it is not known since when ${what}, and ${setting}`,
        fix: `look with idp status --cluster`,
      }
    : {
        why: `it soaks until ${timeText(wholeMinute(until))}: ${what} since ${timeText(since)}, and ${setting}`,
        fix: `wait until then`,
      };
}

/** Returns what an Application says of a service. @param image the service's repository inside the registry */
export function reportOf(
  application: Application | undefined,
  image: string,
): NonNullable<Ground["argoCd"]> {
  const { sync, health } = standingOf(application);
  const images = application?.status?.summary?.images ?? [];
  const since = new Date(application?.status?.health?.lastTransitionTime ?? "");
  return {
    sync,
    health,
    tags: images.flatMap((whole) => {
      const colon = whole.lastIndexOf(":");
      return imageOf(whole.slice(0, colon)).name === image ? [whole.slice(colon + 1)] : [];
    }),
    healthSince: Number.isNaN(since.getTime()) ? undefined : since,
  };
}
