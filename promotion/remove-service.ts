import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { nextRemoval } from "../catalog/new-service.ts";
import { readServiceFile, serviceFileOf } from "../catalog/service.ts";
import { environments, type Environment } from "../config/environments.ts";
import { removePublisher, withoutPublisher } from "../config/publishers.ts";
import { changeClone } from "./change-clone.ts";

/** The environment that a service was removed from, and what is left to do. */
export interface RemovedService {
  readonly service: string;
  readonly environment: Environment;
  readonly path: string;
  /** Whether the image's publisher was removed from the environment's stack file. */
  readonly publisherRemoved: boolean;
  readonly next: readonly string[];
}

/**
 * Removes the service's file from the last environment that has it. The image's publisher goes too, unless another
 * service there uses the image.
 * @throws Error when no environment has the service, one of its files has uncommitted changes, or the files mean something
 *   else when they are read again; then nothing is changed
 */
export async function removeService(root: string, service: string): Promise<RemovedService> {
  const fileOf = (environment: Environment) => join(root, serviceFileOf(environment, service));
  const next = nextRemoval(service, (environment) => existsSync(fileOf(environment)));
  const paths = environments.map((environment) => serviceFileOf(environment, service));
  const { stdout } = await execa("git", ["status", "--porcelain", "--", ...paths], { cwd: root });
  if (stdout !== "") {
    throw new Error(
      `Not committed yet:\n${stdout}\nNothing was changed. Fix: commit it, let it take effect, then run the command again; or undo it: git checkout HEAD -- <file>`,
    );
  }
  if (!next) {
    throw new Error(
      `No environment has a file of ${service}.\nNothing was changed. Fix: ls ${dirname(serviceFileOf("dev", service))} names the services of dev`,
    );
  }
  const { environment, path, remaining } = next;
  const image = readServiceFile(readFileSync(fileOf(environment), "utf8"))?.image.repository;
  let publisherRemoved = false;
  await changeClone(root, service, async ({ services, settings }) => {
    rmSync(fileOf(environment));
    const isShared = image !== undefined && (await imagesOf(root, environment)).includes(image);
    publisherRemoved =
      image !== undefined && !isShared && removePublisher(root, environment, image);
    const others = Object.fromEntries(
      Object.entries(services[environment]).filter(([name]) => name !== service),
    );
    const own = settings[environment];
    return {
      services: { ...services, [environment]: others },
      settings:
        !isShared && own && image !== undefined
          ? { ...settings, [environment]: withoutPublisher(own, image) }
          : settings,
    };
  });
  return {
    service,
    environment,
    path,
    publisherRemoved,
    next: stepsAfter(service, environment, remaining),
  };
}

/** The images named in the environment's files. */
async function imagesOf(root: string, environment: Environment): Promise<string[]> {
  const folder = dirname(serviceFileOf(environment, "any"));
  const { stdout } = await execa("git", ["ls-files", "--", folder], { cwd: root });
  return stdout
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .flatMap(
      (path) => readServiceFile(readFileSync(join(root, path), "utf8"))?.image.repository ?? [],
    );
}

const leaves: Readonly<Record<Environment, string>> = {
  dev: "Argo CD deletes it in dev after the merge",
  staging: "Argo CD deletes it in staging after the merge",
  prod: "In prod it goes on running: kubectl -n argocd delete application <service>, in prod's cluster",
};

function stepsAfter(
  service: string,
  environment: Environment,
  remaining: readonly Environment[],
): string[] {
  return [
    "npx idp check, make golden, commit, merge",
    leaves[environment].replace("<service>", service),
    `kubectl delete namespace ${service}, in ${environment}'s cluster`,
    `pulumi up -s ${environment} deletes the image's repository, its images and its publisher's role, unless another service uses it; prod's must be emptied before`,
    remaining.length > 0
      ? `npx idp service remove ${service}, for ${remaining.join(", then ")}`
      : `Nothing of ${service} is left in this repository`,
  ];
}
