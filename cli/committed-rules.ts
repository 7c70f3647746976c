import { z } from "zod";
import type { CatalogRules } from "../catalog/schema.ts";
import type { Environment } from "../config/environments.ts";
import { committedRegistryHost, readStackFiles } from "../config/stack-files.ts";

const Strategy = z.object({
  domain: z.string().optional(),
  images: z.object({ strategy: z.enum(["newest-build", "semver", "pinned"]) }),
});

/**
 * What each environment asks of its service files, by the committed settings of the repository at `root`.
 * @throws Error naming the stack file that has no account or image strategy
 */
export function committedRules(root: string): Record<Environment, CatalogRules> {
  const stackFiles = readStackFiles(root);
  const rulesOf = (environment: Environment): CatalogRules => {
    const own = stackFiles.find((file) => file.environment === environment);
    const parsed = Strategy.safeParse(own?.settings);
    if (!parsed.success) {
      throw new Error(
        `Pulumi.${environment}.yaml must have idp:images with a strategy:\n${z.prettifyError(parsed.error)}`,
      );
    }
    return {
      registryHost: committedRegistryHost(stackFiles, environment),
      strategy: parsed.data.images.strategy,
      domain: parsed.data.domain,
    };
  };
  return { dev: rulesOf("dev"), staging: rulesOf("staging"), prod: rulesOf("prod") };
}
