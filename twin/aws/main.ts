/**
 * pulumi-resource-aws, the double: started by the engine instead of the real provider. It keeps an account in files below
 * the twin's state and refuses what AWS would refuse, as far as twin/aws/types/ says.
 */
import { serveAws } from "./plugin.ts";

/** Loaded when a cluster is made or deleted, so that a preview does not pay for it. */
const load = () => import("../cluster/control-plane.ts");

serveAws({
  ensure: async (request, onProgress) => (await load()).ensureControlPlane(request, onProgress),
  delete: async (key) => (await load()).deleteControlPlane(key),
});
