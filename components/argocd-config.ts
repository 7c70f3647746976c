/** Where Argo CD, Image Updater and the Applications live. */
export const argoCdNamespace = "argocd";

/** The ConfigMap of a release of Image Updater that the program adds entries to. */
export const imageUpdaterConfigMap = "argocd-image-updater-config";

/** What is set in Argo CD's ConfigMaps, and nothing else: the rest is the release's. */
export function argoCdConfig(reconciliationSeconds: number) {
  return {
    "argocd-cm": {
      "timeout.reconciliation": `${reconciliationSeconds}s`,
      "timeout.reconciliation.jitter": `${Math.ceil(reconciliationSeconds / 2)}s`,
      // A label would be cut at 63 characters, and charts set it too.
      "application.resourceTrackingMethod": "annotation",
      "exec.enabled": "false",
      "users.anonymous.enabled": "false",
    },
    // Everyone may look. Who may do more is given per group once single sign-on is set up.
    "argocd-rbac-cm": { "policy.default": "role:readonly" },
    "argocd-cmd-params-cm": { "server.insecure": "false" },
  };
}
