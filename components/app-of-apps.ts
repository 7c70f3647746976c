import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ImageStrategy } from "../catalog/schema.ts";
import {
  applicationSet,
  appProject,
  emptyDefaultProject,
  imageUpdates,
  type GitOps,
  type UpdatedService,
} from "./gitops.ts";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link AppOfApps}. */
export interface AppOfAppsArgs extends GitOps {
  /** How images change; with `pinned` there are no image updates. */
  readonly strategy: ImageStrategy;
  /** The services whose images are updated. */
  readonly services: readonly UpdatedService[];
}

/**
 * Hands the environment's folder of service files to Argo CD: one project (the default one is emptied), an
 * ApplicationSet, and the image updates.
 */
export class AppOfApps extends pulumi.ComponentResource {
  constructor(name: string, args: AppOfAppsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.AppOfApps, name, args, opts);

    new k8s.apiextensions.CustomResource(`${name}-default-project`, emptyDefaultProject(), {
      parent: this,
    });
    const project = new k8s.apiextensions.CustomResource(`${name}-project`, appProject(args), {
      parent: this,
    });
    const services = new k8s.apiextensions.CustomResource(
      `${name}-applications`,
      applicationSet(args),
      // Applications are invalid before their project exists, and at teardown they need it until they are gone.
      { parent: this, dependsOn: [project] },
    );
    if (args.strategy !== "pinned" && args.services.length > 0) {
      new k8s.apiextensions.CustomResource(
        `${name}-image-updates`,
        imageUpdates(args, args.strategy, args.services),
        { parent: this, dependsOn: [services] },
      );
    }
    this.registerOutputs();
  }
}
