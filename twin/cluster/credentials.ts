import { writeWhole } from "../../lib/write-file.ts";
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { clusterPaths } from "./cluster.ts";
import type { ClusterInfo, ClusterPaths, ClusterRecord } from "./cluster.ts";

/**
 * The users that have their own token. The control plane's parts are administrators, as on any cluster that gives its
 * controller manager a single credential. (The built-in role of system:kube-controller-manager expects one service account
 * per controller, which would mean forty more clients.) RBAC applies to everybody else.
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

/** Returns the API server's --token-auth-file, one line per user: token, name, uid, groups. */
export function tokenFile(newToken: () => string): string {
  return Object.entries(users)
    .map(([user, groups]) => `${newToken()},${user},${user},"${groups.join(",")}"\n`)
    .join("");
}

/** Creates the tokens and the service account key unless they exist. */
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

/** Returns the token of a user. */
export function tokenOf(user: User, paths: ClusterPaths): string {
  const line = readFileSync(paths.tokens, "utf8")
    .split("\n")
    .find((entry) => entry.split(",")[1] === user);
  const token = line?.split(",")[0];
  if (token === undefined) throw new Error(`${paths.tokens} has no line for ${user}.`);
  return token;
}

/** Returns how a user reaches the cluster. The certificate exists once the API server has started. */
export function clusterInfo(cluster: ClusterRecord, user: User): ClusterInfo {
  const paths = clusterPaths(cluster);
  return {
    endpoint: `https://127.0.0.1:${cluster.port}`,
    certificateAuthority: readFileSync(paths.certificate).toString("base64"),
    token: tokenOf(user, paths),
  };
}

/** The contents of a kubeconfig. */
export interface KubeconfigParts {
  readonly endpoint: string;
  /** A PEM in Base64. */
  readonly certificateAuthority: string;
  readonly user: string;
  readonly context: string;
  readonly namespace?: string;
  readonly credential: { readonly token: string } | { readonly tokenFile: string };
}

/** Returns a kubeconfig with one context, as JSON, which is valid YAML. */
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
