/** The values in the kubeconfig of an EKS cluster. */
export interface KubeconfigRequest {
  readonly clusterName: string;
  /** https://... */
  readonly endpoint: string;
  readonly region: string;
  /** A PEM in Base64. */
  readonly certificateAuthority: string;
  /** AWS profile. Set only for the component's own provider, never in the kubeconfig that users get. */
  readonly profileName?: string | undefined;
}

/** Returns the kubeconfig that eks.Cluster makes. It holds no secret: `aws eks get-token` fetches one for each session. */
export function kubeconfig(request: KubeconfigRequest) {
  const { clusterName, endpoint, region, certificateAuthority, profileName } = request;
  return {
    apiVersion: "v1",
    clusters: [
      {
        cluster: { server: endpoint, "certificate-authority-data": certificateAuthority },
        name: "kubernetes",
      },
    ],
    contexts: [{ context: { cluster: "kubernetes", user: "aws" }, name: "aws" }],
    "current-context": "aws",
    kind: "Config",
    users: [
      {
        name: "aws",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: [
              ...["--region", region, "eks", "get-token", "--cluster-name", clusterName],
              ...["--output", "json"],
              ...(profileName === undefined ? [] : ["--profile", profileName]),
            ],
            env: [
              {
                name: "KUBERNETES_EXEC_INFO",
                value: `{"apiVersion": "client.authentication.k8s.io/v1beta1"}`,
              },
            ],
          },
        },
      },
    ],
  };
}
