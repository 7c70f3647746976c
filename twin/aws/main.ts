/**
 * pulumi-resource-aws, the double. The engine starts it instead of the real provider. It keeps an account in files below
 * the twin's state and refuses what AWS would refuse, as twin/aws/types/ describes.
 */
import { serveAws } from "./plugin.ts";

/** Loaded only when a cluster is created or deleted, to keep previews fast. */
const load = () => import("../cluster/control-plane.ts");

serveAws({
  ensure: async (request, onProgress) => (await load()).ensureControlPlane(request, onProgress),
  delete: async (key) => (await load()).deleteControlPlane(key),
});
