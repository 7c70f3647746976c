import { writeWhole } from "../../lib/write-file.ts";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { stateDir } from "../state/folder.ts";

/** Identifies a cluster. */
export interface ClusterKey {
  /** 12 digits. */
  readonly accountId: string;
  /** The EKS cluster's name: letters, digits, '-' and '_'. */
  readonly name: string;
}

/** How to reach a cluster as its administrator. */
export interface ClusterInfo {
  /** `https://127.0.0.1:<port>`. It never changes while the cluster exists. */
  readonly endpoint: string;
  /** The PEM that verifies the API server's certificate, in Base64, as EKS returns it. */
  readonly certificateAuthority: string;
  /** Bearer token of a user in system:masters. A secret. */
  readonly token: string;
}

/** The request that a cluster was made for, and the port that it got. */
export const ClusterRecord = z.strictObject({
  accountId: z.string().regex(/^\d{12}$/, "an AWS account id has 12 digits"),
  name: z.string().regex(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, "not a name that EKS accepts"),
  /** Kubernetes minor version, such as "1.36". */
  version: z.string().regex(/^\d+\.\d+$/, 'a Kubernetes version has the form "1.36"'),
  region: z.string().min(1),
  /** One node is created in each. */
  availabilityZones: z.array(z.string()).min(1),
  /** API server's port on 127.0.0.1. */
  port: z.int(),
  /** Port on 127.0.0.1 of the kubelet's API, of which the API server asks for logs. */
  kubeletPort: z.int(),
});
export type ClusterRecord = z.infer<typeof ClusterRecord>;

const StoredInfo = z.strictObject({
  endpoint: z.string(),
  certificateAuthority: z.string(),
  token: z.string(),
});

/** Returns the folder of all of a cluster's files. Its mode is 0700: who can reach etcd's socket can read every secret. */
export function clusterDir({ accountId, name }: ClusterKey): string {
  return join(stateDir(), "clusters", accountId, name);
}

/** Returns the paths of a cluster's files. */
export function clusterPaths(key: ClusterKey) {
  const dir = clusterDir(key);
  return {
    dir,
    record: join(dir, "record.json"),
    info: join(dir, "cluster.json"),
    pki: join(dir, "pki"),
    /** The API server writes its self-signed certificate and the issuer's certificate here. */
    certificate: join(dir, "pki/apiserver.crt"),
    tokens: join(dir, "pki/tokens.csv"),
    serviceAccountKey: join(dir, "pki/service-account.key"),
    serviceAccountPublicKey: join(dir, "pki/service-account.pub"),
    /** Paths of Unix sockets have at most 108 bytes. Therefore etcd and the API server run in this directory. */
    etcd: join(dir, "etcd"),
    kwokConfig: join(dir, "kwok/stages.yaml"),
    kwok: join(dir, "kwok"),
    /** The administrator's kubeconfig, for people. */
    kubeconfig: join(dir, "kubeconfig"),
    pods: join(dir, "pods"),
    /** Sockets of Pods. The path is short for the same reason as at `etcd`. */
    sockets: join(stateDir(), "s", createHash("sha256").update(dir).digest("hex").slice(0, 6)),
    /** podbox's sockets. The path is short for the same reason as at `etcd`. */
    podbox: join(
      stateDir(),
      "s",
      createHash("sha256").update(dir).digest("hex").slice(0, 6),
      "node",
    ),
    /** Certificates of the kubelet's API. */
    kubeletPki: join(dir, "pki/kubelet"),
    /** Maps Services and container ports to local ports. */
    ports: join(dir, "ports.json"),
  };
}
export type ClusterPaths = ReturnType<typeof clusterPaths>;

/** Returns the prefix of the names of a cluster's processes (see processes.ts). */
export function processPrefix({ accountId, name }: ClusterKey): string {
  return `${accountId}.${name}.`;
}

/** Returns how to reach a cluster, or undefined if it does not exist or has never been ready. */
export function readCluster(accountId: string, name: string): ClusterInfo | undefined {
  const { info } = clusterPaths({ accountId, name });
  return existsSync(info) ? StoredInfo.parse(readJson(info)) : undefined;
}

/** Returns every cluster of the twin, unfinished ones included, sorted by account and name. */
export function listClusters(): ClusterRecord[] {
  const root = join(stateDir(), "clusters");
  return directories(root)
    .flatMap((accountId) => directories(join(root, accountId)).map((name) => ({ accountId, name })))
    .flatMap((key) => readRecord(key) ?? []);
}

/** Returns a cluster's record, or undefined if there is no such cluster. */
export function readRecord(key: ClusterKey): ClusterRecord | undefined {
  const { record } = clusterPaths(key);
  if (!existsSync(record)) return undefined;
  const parsed = ClusterRecord.safeParse(readJson(record));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${record} was not written by this version:\n${z.prettifyError(parsed.error)}\nFix: idp twin down, then idp twin up`,
  );
}

/** Saves a cluster's record. */
export function writeRecord(record: ClusterRecord): void {
  writeWhole(clusterPaths(record).record, JSON.stringify(record, null, 2));
}

/** Saves how to reach a cluster. */
export function writeInfo(key: ClusterKey, info: ClusterInfo): void {
  writeWhole(clusterPaths(key).info, JSON.stringify(info, null, 2));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

function directories(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
