import { z } from "zod";
import type { Environment } from "../config/environments.ts";
import type { StackFile } from "../config/stack-files.ts";
import { committed } from "../config/committed.ts";
import type { Ask } from "../lib/ask.ts";
import { compareVersions } from "../lib/version.ts";
import { readGithub } from "./read.ts";

/** Something whose version is pinned here, and whose releases are on GitHub. */
interface Project {
  readonly name: string;
  readonly repository: string;
  /** Takes a release's tag as a version; undefined for another release line or kind. */
  readonly versionOf: (tag: string) => string | undefined;
  /** What tells how to move on. */
  readonly next: string;
}

const plain = (tag: string) => /^v(\d+\.\d+\.\d+)$/.exec(tag)?.[1];
const upgrade = "docs/runbooks/argocd-upgrade.md";

const argoCd: Project = {
  name: "Argo CD",
  repository: "argoproj/argo-cd",
  versionOf: plain,
  next: upgrade,
};
const imageUpdater: Project = {
  name: "Image Updater",
  repository: "argoproj-labs/argocd-image-updater",
  versionOf: plain,
  next: upgrade,
};
const kubernetes: Project = {
  name: "Kubernetes on EKS",
  // EKS itself has no releases there. Its distribution follows it: tags such as v1-36-eks-5.
  repository: "aws/eks-distro",
  versionOf: (tag) => /^v(\d+)-(\d+)-eks-\d+$/.exec(tag)?.slice(1).join("."),
  next: "docs/runbooks/cluster-upgrade.md",
};
const pulumi: Project = {
  name: "Pulumi",
  repository: "pulumi/pulumi",
  versionOf: plain,
  next: "CONTRIBUTING.md#a-tools-version",
};

/** A version that is pinned, and where. */
interface Pin {
  readonly project: Project;
  readonly version: string;
  readonly where: readonly string[];
}

/** A pinned version beside the newest release. */
export interface Compared {
  readonly name: string;
  readonly pinned: string;
  /** Stacks by name, or `workflows`. */
  readonly where: readonly string[];
  /** undefined when GitHub did not say. */
  readonly newest: string | undefined;
  readonly isOutdated: boolean;
  /** How to move on, or why GitHub did not say. */
  readonly next: string;
}

/**
 * Compares every version that the stacks pin, and Pulumi's, with the newest release on GitHub.
 * @param pulumiVersion what the workflows install
 */
export async function comparePins(
  ask: Ask,
  stackFiles: readonly StackFile[],
  pulumiVersion: string,
): Promise<Compared[]> {
  const pins = pinsOf(stackFiles, pulumiVersion);
  const projects = [...new Set(pins.map(({ project }) => project))];
  const releases = new Map(
    await Promise.all(
      projects.map(async (project) => [project, await newestOf(ask, project)] as const),
    ),
  );
  return pins.map(({ project, version, where }) => {
    const { newest, why } = releases.get(project) ?? {};
    return {
      name: project.name,
      pinned: version,
      where,
      newest,
      isOutdated: newest !== undefined && compareVersions(newest, version) > 0,
      next: why ?? project.next,
    };
  });
}

/** Returns the pins, one for each version of a project: stacks may differ while one is tried in dev. */
function pinsOf(stackFiles: readonly StackFile[], pulumiVersion: string): Pin[] {
  const pins = new Map<string, Pin>();
  const pin = (project: Project, version: string | undefined, where: Environment | "workflows") => {
    if (version === undefined) return;
    const key = `${project.name} ${version}`;
    const places = [...(pins.get(key)?.where ?? []), where];
    pins.set(key, { project, version, where: places });
  };
  for (const file of stackFiles) {
    const settings = committed(file);
    pin(argoCd, settings.argoCd.version, file.environment);
    pin(imageUpdater, settings.images.imageUpdater?.version, file.environment);
    pin(kubernetes, settings.cluster.version, file.environment);
  }
  pin(pulumi, pulumiVersion, "workflows");
  return [...pins.values()].sort((a, b) => (a.project.name < b.project.name ? -1 : 1));
}

const Releases = z.array(
  z.object({ tag_name: z.string(), draft: z.boolean(), prerelease: z.boolean() }),
);

/** The highest version among a project's newest hundred releases: patches of older lines come between them. */
async function newestOf(
  ask: Ask,
  { repository, versionOf }: Project,
): Promise<{ readonly newest?: string; readonly why?: string }> {
  const answer = await readGithub(ask, `repos/${repository}/releases?per_page=100`, Releases);
  if (answer.kind !== "read") {
    return { why: answer.kind === "absent" ? `there is no ${repository}` : answer.why };
  }
  const [newest] = answer.value
    .filter(({ draft, prerelease }) => !draft && !prerelease)
    .flatMap(({ tag_name: tag }) => versionOf(tag) ?? [])
    .sort((a, b) => compareVersions(b, a));
  return newest === undefined ? { why: `${repository} has no release of this kind` } : { newest };
}
