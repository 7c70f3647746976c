/** The Go version that builds every tool. Go fetches it by itself (GOTOOLCHAIN) if the machine's own differs. */
export const goVersion = "go1.27.3";

/** A file of a Go module that a tool needs besides its binaries. */
export interface ModuleFile {
  /** Path of the module. Its version is in the tool's go.mod. */
  readonly module: string;
  /** One file inside the module, or several YAML files that are joined into one. */
  readonly from: string | readonly string[];
  /** Its target: below `share/` or, as an executable, `bin/`. For `embed`: below the build folder. */
  readonly to: string;
  /** Top-level keys to set in a JSON file. */
  readonly set?: Readonly<Record<string, string>>;
}

/** A module that is built with patches. The tool's go.mod replaces it by `./upstream`. */
export interface PatchedModule {
  readonly module: string;
  readonly version: string;
  /** Checksum of the module's content, as go.sum writes it. */
  readonly sum: string;
  /** Applied in this order. The first lines of a patch say what it is for. */
  readonly patches: readonly string[];
  /** Top-level folders that the build does not need and that are not copied. */
  readonly without?: readonly string[];
}

/** A program of the user's own that can be used instead of a built one. */
export interface Substitute {
  readonly command: string;
  /** Arguments that make it print its version. */
  readonly args: readonly string[];
  readonly version: string;
  /** `exact` accepts only the pinned version, `newer` also later ones of the same major version. */
  readonly accept: "exact" | "newer";
}

/** A tool: one folder of this directory, and what is built from it. */
export interface ToolDefinition {
  /** What it is for, in a few words. */
  readonly purpose: string;
  readonly version: string;
  /** Main packages by the name of their binary. If there are several, one `go build` builds all under their packages' names. */
  readonly binaries: Readonly<Record<string, string>>;
  /** Other names of a binary, for a program that acts on the name by which it is called. */
  readonly links?: Readonly<Record<string, string>>;
  /** String variables set by the linker (`-X`). */
  readonly set?: Readonly<Record<string, string>>;
  readonly patched?: PatchedModule;
  /** Copied next to the sources before the build, for `go:embed`. */
  readonly embed?: readonly ModuleFile[];
  readonly files?: readonly ModuleFile[];
  readonly substitute?: Substitute;
  /** The only platform that it is built for, as Node.js calls it. Default: all. */
  readonly platform?: NodeJS.Platform;
  /** Seconds to build it on two cores after the tools before it in this list. */
  readonly coldSeconds: number;
}

const argoCd = "github.com/argoproj/argo-cd/v3";
const imageUpdater = "github.com/argoproj-labs/argocd-image-updater";
const kubernetesProvider = "github.com/pulumi/pulumi-kubernetes/provider/v4";
const kwok = "sigs.k8s.io/kwok";

/**
 * The tools of the twin, in build order: small ones first, and tools that share packages next to each other.
 */
export const tools = {
  actionlint: {
    purpose: "checks the GitHub workflows, in tests",
    version: "1.7.12",
    binaries: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
    coldSeconds: 25,
  },
  redis: {
    purpose: "Argo CD's cache",
    version: "2.40.0",
    binaries: { "redis-server": "." },
    coldSeconds: 5,
  },
  registry: {
    purpose: "the OCI registry that stands for ECR",
    version: "3.1.2",
    binaries: { registry: "." },
    set: { "github.com/distribution/distribution/v3/version.version": "v3.1.2" },
    coldSeconds: 40,
  },
  etcd: {
    purpose: "the store of a control plane",
    version: "3.6.16",
    binaries: { etcd: "go.etcd.io/etcd/server/v3" },
    coldSeconds: 31,
  },
  helm: {
    purpose: "renders charts, in tests and in Argo CD",
    version: "4.3.1",
    binaries: { helm: "helm.sh/helm/v4/cmd/helm" },
    set: { "helm.sh/helm/v4/internal/version.version": "v4.3.1" },
    substitute: {
      command: "helm",
      args: ["version", "--template", "{{.Version}}"],
      version: "4.3.1",
      accept: "exact",
    },
    coldSeconds: 105,
  },
  pulumi: {
    purpose: "the Pulumi engine and its command line",
    version: "3.274.1",
    binaries: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
    set: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "3.274.1" },
    substitute: { command: "pulumi", args: ["version"], version: "3.274.1", accept: "newer" },
    coldSeconds: 205,
  },
  kubernetes: {
    purpose: "the control plane: API server, controllers, scheduler; and kubectl",
    version: "1.36.3",
    binaries: {
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
    },
    set: {
      "k8s.io/component-base/version.gitVersion": "v1.36.3",
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": "36",
    },
    coldSeconds: 391,
  },
  kwok: {
    purpose: "simulates kubelets, so that Nodes and Pods seem to run",
    version: "0.8.0",
    binaries: { kwok: `${kwok}/cmd/kwok` },
    files: [
      {
        module: kwok,
        from: [
          "kustomize/stage/node/fast/node-initialize.yaml",
          "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
          "kustomize/stage/pod/fast/pod-ready.yaml",
          "kustomize/stage/pod/fast/pod-complete.yaml",
          "kustomize/stage/pod/fast/pod-delete.yaml",
        ],
        to: "share/stages.yaml",
      },
    ],
    coldSeconds: 13,
  },
  podbox: {
    purpose: "runs services' Pods as containers, without root",
    version: "1",
    binaries: { podbox: "." },
    platform: "linux",
    coldSeconds: 6,
  },
  "pulumi-kubernetes": {
    purpose: "Pulumi's Kubernetes provider",
    version: "4.25.0",
    binaries: { "pulumi-resource-kubernetes": "." },
    set: { [`${kubernetesProvider}/pkg/version.Version`]: "4.25.0" },
    patched: {
      module: kubernetesProvider,
      version: "v4.0.0-20260115033456-f47bc2d6f199",
      sum: "h1:j2bphCf7c2YhnBrhwht2f3TNRRgcMImltUlAgzxr9H4=",
      patches: ["untyped-registration.patch", "build-with-pulumi-3.274.patch"],
    },
    embed: [
      {
        module: kubernetesProvider,
        from: "cmd/pulumi-resource-kubernetes/schema.json",
        to: "schema.json",
        set: { version: "4.25.0" },
      },
      {
        module: kubernetesProvider,
        from: "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
        to: "terraform-mapping.json",
      },
    ],
    coldSeconds: 220,
  },
  argocd: {
    purpose: "Argo CD: one binary that acts as the part it is called by",
    version: "3.6.1",
    binaries: { argocd: `${argoCd}/cmd` },
    links: {
      "argocd-server": "argocd",
      "argocd-repo-server": "argocd",
      "argocd-application-controller": "argocd",
      "argocd-applicationset-controller": "argocd",
    },
    set: {
      [`${argoCd}/common.version`]: "3.6.1",
      [`${argoCd}/common.gitTag`]: "v3.6.1",
      [`${argoCd}/common.gitTreeState`]: "clean",
    },
    patched: {
      module: argoCd,
      version: "v3.6.1",
      sum: "h1:OmhqeKiR3C//awbFrhQqFdtRI+Qiv17j8vqm3UkMj/g=",
      patches: ["listen-on-loopback.patch"],
      without: ["docs", "examples", "manifests", "test"],
    },
    files: [
      { module: argoCd, from: "manifests/install.yaml", to: "share/install.yaml" },
      { module: argoCd, from: "manifests/ha/install.yaml", to: "share/ha/install.yaml" },
      // The repo server runs these two by name to check commit signatures.
      { module: argoCd, from: "hack/git-verify-wrapper.sh", to: "bin/git-verify-wrapper.sh" },
      { module: argoCd, from: "hack/gpg-wrapper.sh", to: "bin/gpg-wrapper.sh" },
    ],
    coldSeconds: 445,
  },
  "image-updater": {
    purpose: "Argo CD Image Updater: writes new image tags to git",
    version: "1.3.0",
    binaries: { "argocd-image-updater": `${imageUpdater}/cmd` },
    set: { [`${imageUpdater}/pkg/version.version`]: "1.3.0" },
    patched: {
      module: imageUpdater,
      version: "v1.3.0",
      sum: "h1:MFqUKURoh14wV1ansPGFnzLIvUGhzWOMU8L2x96041U=",
      patches: [
        "build-with-argo-cd-3.6.patch",
        "build-with-registry-scanner-1.2.patch",
        "listen-on-loopback.patch",
        "write-back-command.patch",
      ],
      without: ["docs", "test", "registry-scanner"],
    },
    files: [{ module: imageUpdater, from: "config/install.yaml", to: "share/install.yaml" }],
    coldSeconds: 60,
  },
} as const satisfies Readonly<Record<string, ToolDefinition>>;

/** The name of a tool, which is a folder of this directory. */
export type ToolName = keyof typeof tools;

type KeysOf<Part> = Part extends Readonly<Record<string, unknown>> ? keyof Part & string : never;
type LinksOf<Tool> = Tool extends { readonly links: infer Links } ? KeysOf<Links> : never;

/** The name of a program of the tools. */
export type BinaryName = {
  [Name in ToolName]: KeysOf<(typeof tools)[Name]["binaries"]> | LinksOf<(typeof tools)[Name]>;
}[ToolName];

/** All tools, in build order. */
export const toolNames = Object.keys(tools) as readonly ToolName[];

/** Returns the definition of a tool, without the narrow types of {@link tools}. */
export function definitionOf(name: ToolName): ToolDefinition {
  return tools[name];
}

/** Whether a word names a tool. */
export function isToolName(word: string): word is ToolName {
  return Object.hasOwn(tools, word);
}
