import type { Usage } from "./podbox.ts";

/** What the containers have used up to a moment. */
export interface UsageReading {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly usage: Usage;
}

/** What a container uses, as PodMetrics has it. */
interface ContainerUsage {
  /** Cores in billionths, such as `123456n`. */
  readonly cpu: string;
  /** Such as `12345Ki`. */
  readonly memory: string;
}

/** What a Pod uses. */
export interface PodUsage {
  /** The time that the numbers are for, such as `15.2s`. */
  readonly window: string;
  /** By the container's name. */
  readonly containers: Readonly<Record<string, ContainerUsage>>;
}

/**
 * What a Pod's containers used between two readings: CPU on average, memory at the end. Undefined while there are no
 * numbers for the Pod: a Pod without metrics makes a HorizontalPodAutoscaler wait, one with 0 makes it scale down.
 *
 * Left out is a container without numbers at both ends. One that was restarted has used what it used since its start.
 *
 * @param uid of the Pod
 */
export function podUsage(
  uid: string,
  before: UsageReading,
  after: UsageReading,
): PodUsage | undefined {
  const seconds = (after.at - before.at) / 1000;
  if (!(seconds > 0)) return undefined;
  const earlier = before.usage[uid] ?? {};
  const containers = Object.entries(after.usage[uid] ?? {}).flatMap(
    ([name, { cpuSeconds, memoryBytes }]): [string, ContainerUsage][] => {
      const start = earlier[name]?.cpuSeconds;
      if (start === undefined) return [];
      // A counter that went back began anew.
      const used = cpuSeconds < start ? cpuSeconds : cpuSeconds - start;
      const cpu = `${Math.round((used / seconds) * 1e9)}n`;
      return [[name, { cpu, memory: `${Math.round(memoryBytes / 1024)}Ki` }]];
    },
  );
  if (containers.length === 0) return undefined;
  return { window: `${seconds}s`, containers: Object.fromEntries(containers) };
}
