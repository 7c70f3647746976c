import { writeWhole } from "../../lib/write-file.ts";
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { clusterPaths } from "./cluster.ts";
import type { ClusterInfo, ClusterPaths, ClusterRecord } from "./cluster.ts";

/**
 * Who has a token of their own. The control plane's parts act as administrators, as they do on any cluster that gives its
 * controller manager one credential (the built-in role of system:kube-controller-manager expects one service account a
 * controller, which would cost forty more clients here). RBAC holds for everybody else.
 */
const users = {
  admin: ["system:masters"],
  "system:kube-controller-manager": ["system:masters"],
  "system:kube-scheduler": [],
  "twin:kwok": ["system:masters"],
  "twin:process-kubelet": ["system:masters"],
} as const satisfies Record<string, readonly string[]>;

/** A user of the static token file. */
export type User = keyof typeof users;

/** One line a user: token, name, uid, groups (the API server's --token-auth-file). */
export function tokenFile(newToken: () => string): string {
  return Object.entries(users)
    .map(([user, groups]) => `${newToken()},${user},${user},"${groups.join(",")}"\n`)
    .join("");
}

/** Makes the tokens and the service account key unless they are there. */
export function ensureCredentials(paths: ClusterPaths): void {
  if (!existsSync(paths.tokens)) {
    writeWhole(
      paths.tokens,
      tokenFile(() => randomBytes(32).toString("base64url")),
    );
  }
  if (!existsSync(paths.serviceAccountKey)) {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeWhole(
      paths.serviceAccountKey,
      privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    );
  }
  if (!existsSync(paths.serviceAccountPublicKey)) {
    const publicKey = createPublicKey(readFileSync(paths.serviceAccountKey, "utf8"));
    writeWhole(
      paths.serviceAccountPublicKey,
      publicKey.export({ type: "spki", format: "pem" }).toString(),
    );
  }
}

/** The token of a user. */
export function tokenOf(user: User, paths: ClusterPaths): string {
  const line = readFileSync(paths.tokens, "utf8")
    .split("\n")
    .find((entry) => entry.split(",")[1] === user);
  const token = line?.split(",")[0];
  if (token === undefined) throw new Error(`${paths.tokens} has no line for ${user}.`);
  return token;
}

/** How a user reaches the cluster. The certificate is there once the API server has been started. */
export function clusterInfo(cluster: ClusterRecord, user: User): ClusterInfo {
  const paths = clusterPaths(cluster);
  return {
    endpoint: `https://127.0.0.1:${cluster.port}`,
    certificateAuthority: readFileSync(paths.certificate).toString("base64"),
    token: tokenOf(user, paths),
  };
}

/** Who asks, with what, and how the answer is checked. */
export interface KubeconfigParts {
  readonly endpoint: string;
  /** Base64 of a PEM. */
  readonly certificateAuthority: string;
  readonly user: string;
  readonly context: string;
  readonly namespace?: string;
  readonly credential: { readonly token: string } | { readonly tokenFile: string };
}

/** A kubeconfig of one context. JSON is YAML. */
export function kubeconfig(parts: KubeconfigParts): string {
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": parts.context,
      clusters: [
        {
          name: parts.context,
          cluster: {
            server: parts.endpoint,
            "certificate-authority-data": parts.certificateAuthority,
          },
        },
      ],
      contexts: [
        {
          name: parts.context,
          context: { cluster: parts.context, user: parts.user, namespace: parts.namespace },
        },
      ],
      users: [{ name: parts.user, user: parts.credential }],
    },
    null,
    2,
  );
}
