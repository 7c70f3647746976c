/** What a kubeconfig for an EKS cluster is made of. */
export interface EksKubeconfigArgs {
  readonly clusterName: string;
  /** Address of the API server. */
  readonly endpoint: string;
  /** PEM certificate authority, base64. */
  readonly certificateAuthority: string;
  readonly region: string;
  /** Profile of the AWS CLI. @default the environment's credentials */
  readonly profile?: string | undefined;
}

/**
 * A kubeconfig that asks the AWS CLI for a short-lived token at each use, so it holds no credential itself.
 *
 * eks.Cluster offers `kubeconfigJson`, but never with a profile in it, and one laptop that reaches three accounts needs
 * one for each.
 */
export function eksKubeconfig(args: EksKubeconfigArgs): string {
  const { clusterName, region, profile } = args;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: clusterName,
        cluster: {
          server: args.endpoint,
          "certificate-authority-data": args.certificateAuthority,
        },
      },
    ],
    users: [
      {
        name: clusterName,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: [
              ...["--region", region],
              ...["eks", "get-token", "--cluster-name", clusterName, "--output", "json"],
            ],
            env: profile ? [{ name: "AWS_PROFILE", value: profile }] : [],
            interactiveMode: "Never",
          },
        },
      },
    ],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: clusterName } }],
    "current-context": clusterName,
  });
}
