import type { Pod } from "./pod.ts";

/** A container's state, as the API writes it. */
export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

/** How and when a container ended. */
export interface Terminated {
  readonly exitCode: number;
  readonly reason: "Completed" | "Error" | "OOMKilled";
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt: string;
}

/** What is known of one container. */
export interface ContainerRuntime {
  readonly state: ContainerState;
  readonly lastState?: { readonly terminated: Terminated };
  /** The readiness probe's result; without a probe, whether it runs. */
  readonly ready: boolean;
  readonly restartCount: number;
  /** As the API writes it; undefined for a container that does not run, or is simulated. */
  readonly id?: string;
  /** The image's digest reference, once it was read. */
  readonly imageID?: string;
}

/** What is known of a Pod. */
export interface PodRuntime {
  readonly podIP: string;
  readonly hostIP: string;
  readonly startTime: string;
  /** By the container's name. A container without an entry is waiting. */
  readonly initContainers: ReadonlyMap<string, ContainerRuntime>;
  readonly containers: ReadonlyMap<string, ContainerRuntime>;
}

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  /** The status is sent as a patch: null removes an earlier reason. */
  readonly reason: string | null;
  readonly message: string | null;
  readonly lastTransitionTime: string;
}

const waiting: ContainerRuntime = {
  state: { waiting: { reason: "PodInitializing" } },
  ready: false,
  restartCount: 0,
};

/**
 * The Pod's status, as a kubelet reports it.
 *
 * @param before the conditions of the last report: a condition keeps its time until it changes
 */
export function podStatus(
  pod: Pod,
  runtime: PodRuntime,
  before: readonly Condition[],
  now: string,
) {
  const init = pod.spec.initContainers.map(({ name, image }) =>
    containerStatus(name, image, runtime.initContainers.get(name) ?? waiting, isCompleted),
  );
  const main = pod.spec.containers.map(({ name, image }) =>
    containerStatus(name, image, runtime.containers.get(name) ?? waiting, ({ ready }) => ready),
  );
  const uninitialized = init.filter(({ ready }) => !ready).map(({ name }) => name);
  const unready = main.filter(({ ready }) => !ready).map(({ name }) => name);
  const hasStarted =
    main.some(({ state }) => !("waiting" in state)) ||
    main.some(({ restartCount }) => restartCount > 0);
  const end = endPhase(main, init);
  const ready = uninitialized.length === 0 && unready.length === 0 && end === undefined;
  const unreadyParts =
    end === "Succeeded"
      ? { reason: "PodCompleted", message: null }
      : {
          reason: end === "Failed" ? "PodFailed" : "ContainersNotReady",
          message: `containers with unready status: [${unready.join(" ")}]`,
        };
  const conditions = [
    condition(before, now, "PodScheduled", true),
    condition(before, now, "Initialized", uninitialized.length === 0, {
      reason: "ContainersNotInitialized",
      message: `containers with incomplete status: [${uninitialized.join(" ")}]`,
    }),
    condition(before, now, "ContainersReady", ready, unreadyParts),
    condition(before, now, "Ready", ready, unreadyParts),
  ];
  return {
    phase: end ?? (uninitialized.length === 0 && hasStarted ? "Running" : "Pending"),
    startTime: runtime.startTime,
    hostIP: runtime.hostIP,
    podIP: runtime.podIP,
    podIPs: [{ ip: runtime.podIP }],
    conditions,
    initContainerStatuses: init,
    containerStatuses: main,
  };
}
/** {@link podStatus}'s result. */
export type PodStatus = ReturnType<typeof podStatus>;

type ContainerStatus = ReturnType<typeof containerStatus>;

/**
 * The last phase of a Pod whose containers have all ended for good; undefined before. A container that will be started
 * again is waiting, not terminated.
 */
function endPhase(
  main: readonly ContainerStatus[],
  init: readonly ContainerStatus[],
): "Succeeded" | "Failed" | undefined {
  const failedInit = init.some(
    ({ state }) => "terminated" in state && state.terminated.exitCode > 0,
  );
  if (failedInit) return "Failed";
  const codes = main.flatMap(({ state }) =>
    "terminated" in state ? [state.terminated.exitCode] : [],
  );
  if (codes.length < main.length) return undefined;
  return codes.every((code) => code === 0) ? "Succeeded" : "Failed";
}

function isCompleted({ state }: ContainerRuntime): boolean {
  return "terminated" in state && state.terminated.exitCode === 0;
}

function containerStatus(
  name: string,
  image: string,
  runtime: ContainerRuntime,
  isReady: (runtime: ContainerRuntime) => boolean,
) {
  const { state, lastState, restartCount, id, imageID = "" } = runtime;
  return {
    name,
    image,
    imageID,
    ...(id === undefined ? {} : { containerID: id }),
    ready: isReady(runtime),
    started: "running" in state,
    restartCount,
    state,
    ...(lastState === undefined ? {} : { lastState }),
  };
}

function condition(
  before: readonly Condition[],
  now: string,
  type: string,
  isTrue: boolean,
  otherwise?: { readonly reason: string; readonly message: string | null },
): Condition {
  const status = isTrue ? "True" : "False";
  const last = before.find((candidate) => candidate.type === type);
  return {
    type,
    status,
    reason: isTrue ? null : (otherwise?.reason ?? null),
    message: isTrue ? null : (otherwise?.message ?? null),
    lastTransitionTime: last?.status === status ? last.lastTransitionTime : now,
  };
}

/**
 * Seconds to wait before a container is started again. Shorter than a kubelet's 10 s to 5 min: in the twin most restarts
 * are experiments that somebody waits for.
 *
 * @param failures how often the container has ended in a row
 */
export function backoffSeconds(failures: number): number {
  return failures <= 1 ? 0 : Math.min(2 ** (failures - 1), 30);
}
