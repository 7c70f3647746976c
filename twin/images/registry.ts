import { writeWhole } from "../../lib/write-file.ts";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Environment } from "../../config/environments.ts";
import { putBlob, putManifest, type Registry } from "../../promotion/registry.ts";
import type { OciImage } from "./oci-image.ts";
import { isRunning, logTail, startProcess } from "../process/processes.ts";
import { registryUrl, twinAccounts, twinPaths, type Twin } from "../state/twin.ts";
import { waitForHttp } from "../process/wait.ts";

/** Starts the registry of one account (its ECR) and resolves when it answers. It has its own folder and port. */
export async function ensureRegistry(
  binary: string,
  twin: Twin,
  environment: Environment,
): Promise<void> {
  const name = `registry-${environment}`;
  const directory = join(twinPaths().state, "registry", twinAccounts[environment].accountId);
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "config.yml");
  writeWhole(config, registryConfig(directory, twin.registryPorts[environment]));
  await startProcess({
    name,
    command: binary,
    args: ["serve", config],
    // By default its tracing looks for a collector.
    env: { OTEL_TRACES_EXPORTER: "none" },
  });
  await waitForHttp(`${registryUrl(twin, environment)}/v2/`, {
    what: `the registry of ${environment}`,
    isAlive: () => isRunning(name),
    log: () => logTail(name),
  });
}

/** Returns the configuration of the distribution registry: images on disk, reachable from this machine only. */
export function registryConfig(directory: string, port: number): string {
  return stringify({
    version: 0.1,
    // One line per request is useful only to debug the registry.
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "images") },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  });
}

/**
 * Pushes an image under a tag (OCI distribution specification, "Pushing"). Existing blobs are not sent again.
 * @param repository such as `idp/localtime`
 */
export async function pushImage(
  registry: Registry,
  repository: string,
  tag: string,
  image: OciImage,
): Promise<void> {
  for (const { digest, bytes } of image.blobs) {
    const read = () => Promise.resolve(new Uint8Array(bytes));
    await putBlob(registry, repository, { digest, size: bytes.length, read });
  }
  await putManifest(registry, repository, tag, image.manifest);
}
