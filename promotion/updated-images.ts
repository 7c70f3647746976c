import { z } from "zod";
import type { Environment } from "../config/environments.ts";

const ImageUpdaterList = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        applicationRefs: z.array(
          z.object({
            namePattern: z.string(),
            images: z.array(z.object({ imageName: z.string() })),
          }),
        ),
      }),
    }),
  ),
});

/** The images that Image Updater looks for, in full and without a tag, by the service that it updates. */
export type UpdatedImages = ReadonlyMap<string, string>;

/** Reads an environment's {@link UpdatedImages}. @param region where its cluster is */
export type ReadUpdatedImages = (
  environment: Environment,
  region: string,
) => Promise<UpdatedImages>;

/** Returns the images of the ImageUpdaters in a Kubernetes API list. @throws ZodError when the value is not such a list */
export function parseUpdatedImages(value: unknown): UpdatedImages {
  const { items } = ImageUpdaterList.parse(value);
  return new Map(
    items.flatMap(({ spec }) =>
      spec.applicationRefs.flatMap(({ namePattern, images }) =>
        images.map(({ imageName }) => [namePattern, imageName] as const),
      ),
    ),
  );
}

/** Returns why no update of a service's image is written, and the way out; nothing when Image Updater looks for it. */
export function updateProblems(
  environment: Environment,
  service: string,
  image: string,
  updated: UpdatedImages,
): string[] {
  const known = updated.get(service);
  if (known === image) return [];
  const instead = known === undefined ? "does not know the service" : `looks for ${known}`;
  return [
    `no update of ${image} is written: Image Updater ${instead}. Fix: pulumi up -s ${environment}`,
  ];
}
