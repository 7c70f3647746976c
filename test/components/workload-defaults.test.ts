import { expect } from "chai";
import { z } from "zod";
import { budgetsFor, withRequests } from "../../components/workload-defaults.ts";
import { containerRequests, gitOpsRequests } from "../../config/argocd-requests.ts";
import { wholeGroups } from "../../config/committed.ts";
import {
  argoCdRelease,
  imageUpdaterRelease,
  readReleaseManifest,
  type Manifest,
} from "../../config/release-manifest.ts";
import { Settings } from "../../config/schema.ts";
import { readStackFiles } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const Container = z.object({
  name: z.string(),
  resources: z
    .object({
      requests: z.object({ cpu: z.string(), memory: z.string() }),
      limits: z.unknown().optional(),
    })
    .strict(),
});
const Pods = z.object({
  spec: z.object({
    replicas: z.int().default(1),
    template: z.object({
      spec: z.object({
        containers: z.array(Container),
        initContainers: z.array(Container).default([]),
      }),
    }),
  }),
});

const workloads = (manifests: readonly Manifest[]) =>
  manifests.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet");

/** What a release's running containers ask for together, of all replicas. */
function sumOf(manifests: readonly Manifest[]) {
  const asked = workloads(manifests).flatMap((manifest) => {
    const { replicas, template } = Pods.parse(manifest).spec;
    return template.spec.containers.map(({ resources: { requests } }) => ({
      cpu: replicas * Number(/^(\d+)m$/.exec(requests.cpu)?.[1]),
      memory: replicas * Number(/^(\d+)Mi$/.exec(requests.memory)?.[1]),
    }));
  });
  return {
    cpu: asked.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: asked.reduce((sum, { memory }) => sum + memory, 0),
  };
}

describe("the requests of Argo CD and Image Updater", () => {
  for (const stackFile of readStackFiles(repositoryRoot)) {
    it(`are in every container of ${stackFile.environment}'s releases, and their sum is what idp cost counts`, async () => {
      const settings = wholeGroups(stackFile, Settings.pick({ argoCd: true, images: true }));
      if (!settings) throw new Error(`${stackFile.file} has mistakes`);
      const { argoCd, images } = settings;
      const asked = withRequests(
        await readReleaseManifest(argoCdRelease(argoCd)),
        containerRequests,
      );
      for (const manifest of workloads(asked)) {
        const { containers, initContainers } = Pods.parse(manifest).spec.template.spec;
        for (const { name, resources } of [...containers, ...initContainers]) {
          expect(resources, name).to.have.all.keys("requests");
        }
      }
      const updater =
        images.strategy === "pinned"
          ? []
          : await readReleaseManifest(imageUpdaterRelease(images.imageUpdater));
      expect(sumOf([...asked, ...updater])).to.deep.equal(gitOpsRequests(settings));
    });
  }

  it("name no container that no release has", async () => {
    const settings = readStackFiles(repositoryRoot).flatMap(
      (stackFile) => wholeGroups(stackFile, Settings.pick({ argoCd: true }))?.argoCd ?? [],
    );
    const both = await Promise.all(
      [...new Map(settings.map((argoCd) => [argoCd.highAvailability, argoCd])).values()].map(
        (argoCd) => readReleaseManifest(argoCdRelease(argoCd)),
      ),
    );
    const names = both.flat().flatMap((manifest) => {
      if (workloads([manifest]).length === 0) return [];
      const pod = withRequests([manifest], containerRequests)[0];
      const { containers, initContainers } = Pods.parse(pod).spec.template.spec;
      return [...containers, ...initContainers].map(({ name }) => name);
    });
    expect(Object.keys(containerRequests).sort()).to.deep.equal([...new Set(names)].sort());
  });
});

const workload = (kind: string, name: string, replicas: number | undefined): Manifest => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, namespace: "argocd" },
  spec: {
    ...(replicas !== undefined && { replicas }),
    selector: { matchLabels: { app: name } },
    template: { spec: { containers: [{ name }] } },
  },
});

describe("withRequests", () => {
  it("changes nothing but the resources, and no other kinds", () => {
    const service: Manifest = { apiVersion: "v1", kind: "Service", metadata: { name: "a" } };
    const deployment = workload("Deployment", "a", 1);
    expect(withRequests([service, deployment], { a: { cpu: 50, memory: 64 } })).to.deep.equal([
      service,
      {
        ...deployment,
        spec: {
          ...(deployment["spec"] as object),
          template: {
            spec: {
              containers: [{ name: "a", resources: { requests: { cpu: "50m", memory: "64Mi" } } }],
            },
          },
        },
      },
    ]);
  });

  it("refuses a release with containers that it does not know, all at once", () => {
    const manifests = [workload("Deployment", "b", 1), workload("StatefulSet", "a", 1)];
    expect(() => withRequests(manifests, {})).to.throw(
      "The release has containers without requests: a, b. Fix: add them to config/argocd-requests.ts",
    );
  });
});

describe("budgetsFor", () => {
  it("lets one Pod at a time go of what has several, and none of what has one", () => {
    const manifests = [
      workload("StatefulSet", "redis", 3),
      workload("Deployment", "server", 1),
      workload("Deployment", "dex", undefined),
    ];
    expect(budgetsFor(manifests)).to.deep.equal([
      {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: "redis", namespace: "argocd" },
        spec: { maxUnavailable: 1, selector: { matchLabels: { app: "redis" } } },
      },
    ]);
  });
});
