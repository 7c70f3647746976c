import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppOfApps, type AppOfAppsArgs } from "../../components/app-of-apps.ts";
import {
  applicationSet,
  appProject,
  emptyDefaultProject,
  gitOpsOf,
  imageUpdates,
} from "../../components/gitops.ts";
import { names, record } from "../support/record.ts";

const dev: AppOfAppsArgs = {
  environment: "dev",
  repository: { url: "https://github.com/owner/idp", branch: "main" },
  sync: "automated",
  keepsServices: false,
  reconciliationSeconds: 60,
  strategy: "newest-build",
  services: [{ name: "time-service", image: "registry.example/idp/localtime" }],
};
const prod: AppOfAppsArgs = {
  ...dev,
  environment: "prod",
  sync: "manual",
  keepsServices: true,
  strategy: "pinned",
};

const defaultProject = "kubernetes:argoproj.io/v1alpha1:AppProject services-default-project";
const project = "kubernetes:argoproj.io/v1alpha1:AppProject services-project";
const applications = "kubernetes:argoproj.io/v1alpha1:ApplicationSet services-applications";
const updates =
  "kubernetes:argocd-image-updater.argoproj.io/v1alpha1:ImageUpdater services-image-updates";

describe("AppOfApps", () => {
  for (const preview of [false, true]) {
    it(`makes project, applications and image updates${preview ? " in a preview" : ""}`, async () => {
      for (const args of [dev, { ...dev, hasWriter: true } as const]) {
        const made = await record(() => new AppOfApps("services", args), { preview });
        expect(names(made)).to.deep.equal([
          "idp:platform:AppOfApps services",
          updates,
          defaultProject,
          project,
          applications,
        ]);
      }
    });
  }

  it("makes no image updates where versions are pinned, or where there is no service", async () => {
    for (const args of [prod, { ...dev, services: [] }]) {
      const made = await record(() => new AppOfApps("services", args));
      expect(names(made)).to.deep.equal([
        "idp:platform:AppOfApps services",
        defaultProject,
        project,
        applications,
      ]);
    }
  });
});

describe("gitOpsOf", () => {
  const settings = {
    repository: dev.repository,
    cluster: {
      version: "1.36",
      metricsServerVersion: "v0.8.1-eksbuild.10",
      publicAccessCidrs: [],
      deletionProtection: false,
      logRetentionDays: 14,
      nodes: { maxVcpu: 16 },
      access: [],
    },
    argoCd: {
      ...{ version: "3.6.1", manifestSha256: "", highAvailability: false },
      ...{ reconciliationSeconds: 60, sync: "automated" },
    },
    images: {
      strategy: "semver",
      imageUpdater: { version: "1.3.0", manifestSha256: "", intervalSeconds: 60 },
    },
  } as const satisfies Parameters<typeof gitOpsOf>[1];
  const writer = { appId: "1", installationId: "2" };

  it("says that an app writes only where the settings name one", () => {
    const { environment, repository, sync, keepsServices, reconciliationSeconds } = dev;
    const expected = { environment, repository, sync, keepsServices, reconciliationSeconds };
    expect(gitOpsOf("dev", settings)).to.deep.equal(expected);
    expect(gitOpsOf("dev", { ...settings, images: { ...settings.images, writer } })).to.deep.equal({
      ...expected,
      hasWriter: true,
    });
    expect(gitOpsOf("dev", { ...settings, images: { strategy: "pinned" } })).to.deep.equal(
      expected,
    );
  });
});

describe("emptyDefaultProject", () => {
  it("is Argo CD's own default project, and allows nothing", () => {
    const { metadata, spec } = emptyDefaultProject();
    expect(metadata).to.deep.equal({
      name: "default",
      namespace: "argocd",
      annotations: { "pulumi.com/patchForce": "true" },
    });
    const { description, ...lists } = spec;
    expect(description).to.be.a("string");
    expect(lists).to.deep.equal({
      sourceRepos: [],
      destinations: [],
      clusterResourceWhitelist: [],
    });
  });
});

describe("appProject", () => {
  it("allows this repository, the services' own namespaces and the chart's kinds", () => {
    const server = "https://kubernetes.default.svc";
    const { spec } = appProject(dev);
    expect(spec.sourceRepos).to.deep.equal(["https://github.com/owner/idp"]);
    expect(spec.destinations).to.deep.equal([
      { server, namespace: "!argocd" },
      { server, namespace: "!default" },
      { server, namespace: "!kube-*" },
      { server, namespace: "*" },
    ]);
    expect(spec.clusterResourceWhitelist).to.deep.equal([{ group: "", kind: "Namespace" }]);
    expect(spec.namespaceResourceWhitelist.map(({ kind }) => kind)).to.deep.equal([
      "Pod",
      "Service",
      "ServiceAccount",
      "Deployment",
      "ReplicaSet",
      "HorizontalPodAutoscaler",
      "Ingress",
      "NetworkPolicy",
      "PodDisruptionBudget",
    ]);
  });

  it("denies automated syncs at all times where a person syncs, and nowhere else", () => {
    expect(appProject(prod).spec).to.have.deep.property("syncWindows", [
      {
        kind: "deny",
        schedule: "0 0 * * *",
        duration: "24h",
        applications: ["*"],
        manualSync: true,
      },
    ]);
    expect(appProject(dev).spec).not.to.have.property("syncWindows");
  });
});

describe("applicationSet", () => {
  it("makes an Application from each service file, with this repository's chart", () => {
    const { spec } = applicationSet(dev);
    expect(spec.goTemplateOptions).to.deep.equal(["missingkey=error"]);
    expect(spec.generators).to.deep.equal([
      {
        git: {
          repoURL: "https://github.com/owner/idp",
          revision: "main",
          files: [{ path: "argocd/applications/dev/*.yaml" }],
          requeueAfterSeconds: 15,
          template: { metadata: {}, spec: { destination: {}, project: "" } },
        },
      },
    ]);
    const name = '{{ trimSuffix ".yaml" .path.filename }}';
    expect(spec.template.metadata.name).to.equal(name);
    expect(spec.template.metadata.labels).to.deep.equal({ "idp/hold": '{{ hasKey . "hold" }}' });
    expect(spec.template.metadata.annotations).to.deep.equal({
      "argocd.argoproj.io/manifest-generate-paths":
        "/helm-charts/standard-service;/argocd/applications/dev/{{ .path.filename }}",
    });
    expect(spec.template.spec.source).to.deep.equal({
      repoURL: "https://github.com/owner/idp",
      targetRevision: "main",
      path: "helm-charts/standard-service",
      helm: {
        releaseName: name,
        valueFiles: ["/argocd/applications/dev/{{ .path.filename }}"],
      },
    });
    expect(spec.template.spec.destination.namespace).to.equal(name);
  });

  it("applies, prunes and heals by itself where sync is automated", () => {
    const { spec } = applicationSet(dev);
    expect(spec.syncPolicy).to.deep.equal({ applicationsSync: "sync" });
    expect(spec.template.spec.syncPolicy).to.have.deep.property("automated", {
      prune: true,
      selfHeal: true,
    });
    expect(spec.template.metadata.finalizers).to.deep.equal([
      "resources-finalizer.argocd.argoproj.io",
    ]);
  });

  it("tries an automated sync again every ten seconds, with the newest commit, and a person's not by itself", () => {
    expect(applicationSet(dev).spec.template.spec.syncPolicy).to.have.deep.property("retry", {
      limit: 360,
      refresh: true,
      backoff: { duration: "10s", factor: 1 },
    });
    expect(applicationSet(prod).spec.template.spec.syncPolicy).not.to.have.property("retry");
  });

  it("leaves the autoscaler's number of replicas alone, in every sync", () => {
    for (const args of [dev, prod]) {
      const { ignoreDifferences, syncPolicy } = applicationSet(args).spec.template.spec;
      expect(ignoreDifferences.map(({ name, ...what }) => [typeof name, what])).to.deep.equal([
        ["string", { group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] }],
      ]);
      expect(syncPolicy.syncOptions).to.deep.equal([
        "CreateNamespace=true",
        "ServerSideApply=true",
        "PruneLast=true",
        "RespectIgnoreDifferences=true",
      ]);
    }
  });

  it("waits for a person and deletes nothing where services are kept", () => {
    const { spec } = applicationSet(prod);
    expect(spec.syncPolicy).to.deep.equal({
      applicationsSync: "create-update",
      preserveResourcesOnDeletion: true,
    });
    expect(JSON.stringify(spec)).not.to.include("automated");
    expect(spec.template.metadata).not.to.have.property("finalizers");
  });

  it("waits for a person, but deletes services with the stack once they need not be kept", () => {
    const { spec } = applicationSet({ ...prod, keepsServices: false });
    expect(spec.syncPolicy).to.deep.equal({ applicationsSync: "sync" });
    expect(JSON.stringify(spec)).not.to.include("automated");
    expect(spec.template.metadata.finalizers).to.deep.equal([
      "resources-finalizer.argocd.argoproj.io",
    ]);
  });
});

describe("imageUpdates", () => {
  it("writes the newest build of each service to its own file", () => {
    expect(imageUpdates(dev, "newest-build", dev.services).spec.applicationRefs).to.deep.equal([
      {
        namePattern: "time-service",
        labelSelectors: { matchLabels: { "idp/hold": "false" } },
        images: [
          {
            alias: "service",
            imageName: "registry.example/idp/localtime",
            commonUpdateSettings: {
              updateStrategy: "newest-build",
              allowTags: "regexp:^sha-[0-9a-f]{7}$",
            },
            manifestTargets: { helm: { name: "image.repository", tag: "image.tag" } },
          },
        ],
        writeBackConfig: {
          method: "git",
          gitConfig: {
            branch: "main",
            writeBackTarget: "helmvalues:/argocd/applications/dev/time-service.yaml",
          },
        },
      },
    ]);
  });

  it("writes with the app that has a Secret of its own, if the settings name one", () => {
    const methods = (hasWriter: boolean) =>
      imageUpdates({ ...dev, ...(hasWriter && { hasWriter }) }, "semver", [
        ...dev.services,
        { name: "other", image: "registry.example/idp/other" },
      ]).spec.applicationRefs.map(({ writeBackConfig }) => writeBackConfig.method);
    expect(methods(false)).to.deep.equal(["git", "git"]);
    expect(methods(true)).to.deep.equal([
      "git:secret:argocd/github-writer",
      "git:secret:argocd/github-writer",
    ]);
  });

  it("writes by a method that Image Updater's releases take", () => {
    const folder = join(import.meta.dirname, "../../config/releases/image-updater");
    const { spec } = imageUpdates({ ...dev, hasWriter: true }, "semver", dev.services);
    const methods = spec.applicationRefs.map(({ writeBackConfig }) => writeBackConfig.method);
    for (const version of readdirSync(folder)) {
      const release = readFileSync(join(folder, version, "install.yaml"), "utf8");
      const patterns = [...release.matchAll(/pattern: (\^\(argocd\|git\|.*\$)$/gm)];
      expect(patterns, version).to.have.length.above(0);
      for (const [, pattern = ""] of patterns) {
        for (const method of methods) expect(method).to.match(new RegExp(pattern));
      }
    }
  });

  it("takes releases only where the strategy is semver", () => {
    const [first] = imageUpdates(dev, "semver", dev.services).spec.applicationRefs;
    const { updateStrategy, allowTags = "" } = first?.images[0]?.commonUpdateSettings ?? {};
    expect(updateStrategy).to.equal("semver");
    const pattern = new RegExp(allowTags.replace(/^regexp:/, ""));
    expect(
      ["v1.2.3", "v1.2", "v1.2.3-rc1", "1.2.3", "latest", "sha-1234567"].filter((tag) =>
        pattern.test(tag),
      ),
    ).to.deep.equal(["v1.2.3"]);
  });
});
