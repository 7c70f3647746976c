/** Arguments of {@link eksKubeconfig}. */
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
 * Returns a kubeconfig without a credential: it asks the AWS CLI for a short-lived token at each use.
 *
 * eks.Cluster offers `kubeconfigJson`, but without a profile, and a laptop that reaches three accounts needs a profile
 * for each.
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
