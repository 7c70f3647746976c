import type { PodIdentity } from "../cluster/container-pods.ts";
import { SimulatedImage } from "./image-store.ts";
import type { ImageStore } from "./image-store.ts";
import type { Container, Pod } from "./pod.ts";

/** What of a Pod decides whether it is to run as containers. */
export function identityOf(pod: Pod): PodIdentity {
  const { namespace, annotations } = pod.metadata;
  return { namespace, annotations, images: allContainers(pod).map(({ image }) => image) };
}

/**
 * Why a Pod cannot run as containers here; undefined for one that can. It pulls the Pod's images. One that cannot be had is
 * no reason: its container says ErrImagePull.
 */
export async function simulationReason(
  pod: Pod,
  images: Pick<ImageStore, "pull">,
): Promise<string | undefined> {
  for (const container of allContainers(pod)) {
    const error: unknown = await images.pull(container.image, container).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof SimulatedImage) return error.message;
  }
  return undefined;
}

function allContainers({ spec }: Pod): Container[] {
  return [...spec.initContainers, ...spec.containers];
}
