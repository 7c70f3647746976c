import type { Clock } from "../../lib/clock.ts";
import type { Container, Probe } from "./pod.ts";

/** What the probes of a running container do. */
export interface ProbeActions {
  /** Whether the container passes the probe now. */
  readonly probe: (probe: Probe) => Promise<boolean>;
  readonly setReady: (ready: boolean) => void;
  /** Ends the container; it is restarted then. */
  readonly kill: (reason: string) => Promise<void>;
}

/** Until a container is ready for the first time, its probe runs this often, whatever its period is. */
const eagerPeriodMs = 1_000;

/**
 * Probes a container that has just started until the signal aborts: the startup probe first, then readiness and
 * liveness side by side.
 */
export async function probeContainer(
  { startupProbe, readinessProbe, livenessProbe }: Container,
  actions: ProbeActions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (startupProbe !== undefined) {
    const limitMs = startupProbe.failureThreshold * startupProbe.periodSeconds * 1000;
    const hasStarted = await passesWithin(startupProbe, actions, clock, signal, limitMs);
    if (signal.aborted) return;
    if (!hasStarted) {
      await actions.kill("startup probe failed");
      return;
    }
  }
  await Promise.all([
    readinessProbe && probeReadiness(readinessProbe, actions, clock, signal),
    livenessProbe && probeLiveness(livenessProbe, actions, clock, signal),
  ]);
}

async function probeReadiness(
  probe: Probe,
  actions: ProbeActions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  // A kubelet would first wait `initialDelaySeconds`, and a whole period more after a probe that came too early.
  if (!(await passesWithin(probe, actions, clock, signal, Number.POSITIVE_INFINITY))) return;
  actions.setReady(true);
  let failures = 0;
  while (await clock.sleep(probe.periodSeconds * 1000, signal)) {
    failures = (await actions.probe(probe)) ? 0 : failures + 1;
    if (signal.aborted) return;
    actions.setReady(failures < probe.failureThreshold);
  }
}

async function probeLiveness(
  probe: Probe,
  actions: ProbeActions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  if (!(await clock.sleep(probe.initialDelaySeconds * 1000, signal))) return;
  do {
    failures = (await actions.probe(probe)) ? 0 : failures + 1;
    if (signal.aborted) return;
    if (failures >= probe.failureThreshold) {
      await actions.kill("liveness probe failed");
      return;
    }
  } while (await clock.sleep(probe.periodSeconds * 1000, signal));
}

/** Whether the probe passes once before the limit; false as well when the signal aborts. */
async function passesWithin(
  probe: Probe,
  actions: ProbeActions,
  clock: Clock,
  signal: AbortSignal,
  limitMs: number,
): Promise<boolean> {
  const deadline = clock.now() + limitMs;
  while (clock.now() < deadline) {
    const passes = await actions.probe(probe);
    if (signal.aborted) return false;
    if (passes) return true;
    if (!(await clock.sleep(eagerPeriodMs, signal))) return false;
  }
  return false;
}
