import type { ClusterInfo, ClusterKey, ControlPlaneRequest } from "../../cluster/control-plane.ts";

/** The part of twin/cluster/control-plane.ts that the double calls. */
type ControlPlane = Pick<
  typeof import("../../cluster/control-plane.ts"),
  "ensureControlPlane" | "deleteControlPlane"
>;

/** A certificate that signed nothing: kubeconfigs need one that can be parsed. Its key was thrown away. */
const unusedCertificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBqjCCAU+gAwIBAgIUdnqa8aD7iwR7dY6W1j73NRW4tDUwCgYIKoZIzj0EAwIw",
  "KTEnMCUGA1UEAwweaWRwIHR3aW4gd2l0aG91dCBjb250cm9sIHBsYW5lMCAXDTI2",
  "MTEyNDE3MDcwNFoYDzIxMjYxMDMxMTcwNzA0WjApMScwJQYDVQQDDB5pZHAgdHdp",
  "biB3aXRob3V0IGNvbnRyb2wgcGxhbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC",
  "AAQgrq2oOmAH5S6C7wyUWm0wPoZNXyvampdEjGCE1wSFvQW6rvbMh0Te78hndVHN",
  "HY70p3+47+JE+x7J2Pvwl3vOo1MwUTAdBgNVHQ4EFgQU0Azsq8cdvz8TwkgHeMa5",
  "U9A4g1IwHwYDVR0jBBgwFoAU0Azsq8cdvz8TwkgHeMa5U9A4g1IwDwYDVR0TAQH/",
  "BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAmKez8aOX5QmU1Fo/k8PVUOxL43kK",
  "yZlb6Kg71jO/LbgCIQCXpt4ZjZLj97/5qQONm1OcskVv7T2VyO2g4nJHB/bMug==",
  "-----END CERTIFICATE-----",
  "",
].join("\n");

/**
 * Without a control plane (IDP_CONTROL_PLANE=none) a cluster is a record only, and its address answers nobody: the
 * discard port. For tests of the doubles themselves.
 */
const recordOnly: ControlPlane = {
  ensureControlPlane: () =>
    Promise.resolve({
      endpoint: "https://127.0.0.1:9",
      certificateAuthority: Buffer.from(unusedCertificate).toString("base64"),
      token: "none",
    }),
  deleteControlPlane: () => Promise.resolve(),
};

/** Loaded when a cluster is made or deleted, so that a preview does not pay for it. */
async function load(): Promise<ControlPlane> {
  if (process.env["IDP_CONTROL_PLANE"] === "none") return recordOnly;
  return import("../../cluster/control-plane.ts");
}

/** Starts the cluster's control plane, or finds it running; tells every few seconds how long it has taken. */
export async function startCluster(
  request: ControlPlaneRequest,
  log: (text: string) => void,
): Promise<ClusterInfo> {
  const controlPlane = await load();
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 1000);
  let step = "starting etcd and the API server";
  log(step);
  const timer = setInterval(() => {
    log(`${step} (${seconds()} s)`);
  }, 3000);
  try {
    const info = await controlPlane.ensureControlPlane(request, (message) => {
      step = message;
      log(`${step} (${seconds()} s)`);
    });
    log(`control plane ready after ${seconds()} s`);
    return info;
  } finally {
    clearInterval(timer);
  }
}

/** Stops the cluster's control plane and removes its data. */
export async function deleteCluster(key: ClusterKey): Promise<void> {
  const controlPlane = await load();
  await controlPlane.deleteControlPlane(key);
}
