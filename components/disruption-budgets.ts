import type { Settings } from "../config/schema.ts";

/** Days of the week as cron counts them, from Sunday. */
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

const hoursADay = 24;
const hoursAWeek = 7 * hoursADay;

/** A budget of a NodePool: how many nodes may go at once, and when it holds (karpenter.sh/docs/concepts/disruption). */
export interface DisruptionBudget {
  /** A number, or a share with `%`, which is rounded up. */
  readonly nodes: string;
  /** What it limits. @default every reason */
  readonly reasons?: readonly ("Drifted" | "Empty" | "Underutilized")[];
  /** When it begins to hold: cron, in UTC. @default always */
  readonly schedule?: string;
  /** For how long, in hours. */
  readonly duration?: string;
}

/** One node in ten at a time, at least one: Karpenter's default, which is lost once there is a budget of one's own. */
const oneInTen: DisruptionBudget = { nodes: "10%" };

/**
 * Returns the budgets that keep the replacement of nodes with Pods in the window. Karpenter knows no window: without an
 * active budget it may take any node. So what is written down is when it may take none, from each window's end to the
 * next one's beginning. A node without Pods goes at any time, and one that expires does, whatever the budgets say.
 *
 * @param window undefined: at any time
 */
export function disruptionBudgets(
  window: Settings["cluster"]["nodes"]["maintenance"],
): DisruptionBudget[] {
  if (!window) return [oneInTen];
  const { days, startHour, hours } = window;
  const starts = days
    .map((day) => weekdays.indexOf(day) * hoursADay + startHour)
    .sort((a, b) => a - b);
  const closed = starts.map((start, index): DisruptionBudget => {
    const end = start + hours;
    const next = starts[index + 1] ?? (starts[0] ?? 0) + hoursAWeek;
    return {
      nodes: "0",
      reasons: ["Drifted", "Underutilized"],
      schedule: `0 ${end % hoursADay} * * ${Math.floor(end / hoursADay) % weekdays.length}`,
      duration: `${next - end}h`,
    };
  });
  return [oneInTen, ...closed];
}
