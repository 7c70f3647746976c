/** Where Argo CD, Image Updater and the Applications live. */
export const argoCdNamespace = "argocd";

/** The ConfigMap in Image Updater's release to which the program adds entries. */
export const imageUpdaterConfigMap = "argocd-image-updater-config";

/** Returns the entries that this platform sets in Argo CD's ConfigMaps; the release decides the rest. */
export function argoCdConfig(reconciliationSeconds: number) {
  return {
    "argocd-cm": {
      "timeout.reconciliation": `${reconciliationSeconds}s`,
      "timeout.reconciliation.jitter": `${Math.ceil(reconciliationSeconds / 2)}s`,
      // A label would be cut off at 63 characters, and charts set it, too.
      "application.resourceTrackingMethod": "annotation",
      "exec.enabled": "false",
      "users.anonymous.enabled": "false",
    },
    // Everyone may look. More is granted per group once single sign-on is set up.
    "argocd-rbac-cm": { "policy.default": "role:readonly" },
    "argocd-cmd-params-cm": {
      "server.insecure": "false",
      // Without it `*` takes subfolders, too, and a second file of a name stops the whole ApplicationSet.
      "applicationsetcontroller.enable.new.git.file.globbing": "true",
    },
  };
}
