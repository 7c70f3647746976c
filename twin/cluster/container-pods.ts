/**
 * Which Pods run as containers: those whose images all come from ECR, so the services'. Argo CD's Pods do not, even when a
 * mirror in ECR has their images: workloads.ts says how they run.
 */

/** Set by the kubelet, with the reason, on a Pod that cannot run as a container. KWOK takes that Pod. */
export const simulatedAnnotation = "twin.idp/simulated";

/** An image in the ECR of an account. */
const ecrImage = "^[0-9]{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com([.]cn)?/";
/** Where Argo CD and Image Updater are. */
export const argoCdNamespace = "argocd";

/** What decides whether a Pod is to run as containers. */
export interface PodIdentity {
  readonly namespace: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of all its containers. */
  readonly images: readonly string[];
}

/** Whether a Pod is to run as containers. */
export function isContainerPod({ namespace, annotations, images }: PodIdentity): boolean {
  return (
    namespace !== argoCdNamespace &&
    annotations[simulatedAnnotation] === undefined &&
    images.every((image) => new RegExp(ecrImage).test(image))
  );
}

/** {@link isContainerPod} as a jq program for KWOK. It yields the Pod's name for such a Pod. */
export const containerPodQuery = [
  `select(.metadata.namespace != "${argoCdNamespace}")`,
  `select((.metadata.annotations // {} | has("${simulatedAnnotation}")) | not)`,
  `select([((.spec.initContainers // []) + .spec.containers)[] | .image | test("${ecrImage}")] | all)`,
  ".metadata.name",
].join(" | ");
