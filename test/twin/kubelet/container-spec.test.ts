import { expect } from "chai";
import { containerSpec, etcFiles, hostnameOf } from "../../../twin/kubelet/container-spec.ts";
import type { ContainerPlan } from "../../../twin/kubelet/container-spec.ts";
import { Pod, PodConfigError } from "../../../twin/kubelet/pod.ts";
import type { Sources } from "../../../twin/kubelet/pod.ts";
import { firstContainer, podOf } from "./fakes.ts";

const sources: Sources = {
  configMap: () => undefined,
  secret: () => undefined,
  field: (path) => `<${path}>`,
};

/** The container of the golden path's chart. */
const service = {
  name: "web",
  image: "i",
  env: [{ name: "GREETING", value: "$$(HOME) at $(NOBODY)" }],
  resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "128Mi" } },
  securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
  volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
};
const tmp = { name: "tmp", emptyDir: { sizeLimit: "64Mi" } };

function planOf(container: object = {}, volumes: object[] = [tmp], more: object[] = []) {
  const pod = podOf({ containers: [{ ...service, ...container }, ...more], volumes });
  const plan: ContainerPlan = {
    pod,
    container: firstContainer(pod),
    sources,
    image: {
      architecture: "amd64",
      os: "linux",
      config: { Entrypoint: ["/web", "$(GREETING)"], Env: ["PATH=/app/bin:/bin", "A=b=c"] },
    },
    imageFolder: "/images/1",
    scratch: "/pods/u1/web/scratch",
    log: "/pods/u1/web/log",
    volumes: "/pods/u1/web/volumes",
    shared: "/pods/u1/volumes",
    etc: "/pods/u1/etc",
    apiServer: { host: "172.20.0.1", port: 443 },
    credentials: {},
  };
  return plan;
}

const etc = ["hosts", "hostname", "resolv.conf"].map((name) => ({
  source: `/pods/u1/etc/${name}`,
  target: `/etc/${name}`,
  readOnly: true,
  sizeMiB: 0,
}));

/** The mounts but those of /etc. */
function mountsOf(plan: ContainerPlan) {
  return containerSpec(plan).mounts.filter(({ source }) => !source.startsWith(plan.etc));
}

describe("containerSpec", () => {
  it("joins the Pod, its image and its folders", () => {
    expect(containerSpec(planOf())).to.deep.equal({
      image: "/images/1",
      scratch: "/pods/u1/web/scratch",
      hostname: "web-0",
      args: ["/web", "$(GREETING)"],
      env: [
        "PATH=/app/bin:/bin",
        "HOME=/",
        "HOSTNAME=web-0",
        "A=b=c",
        "GREETING=$(HOME) at $(NOBODY)",
        "KUBERNETES_SERVICE_HOST=172.20.0.1",
        "KUBERNETES_SERVICE_PORT=443",
      ],
      cwd: "/",
      mounts: [{ source: "", target: "/tmp", readOnly: false, sizeMiB: 64 }, ...etc],
      readOnlyRoot: true,
      log: "/pods/u1/web/log",
      memoryLimitBytes: 134_217_728,
    });
  });

  it("is the same for the same plan", () => {
    expect(containerSpec(planOf())).to.deep.equal(containerSpec(planOf()));
  });

  it("puts variables into the container's words, and none into the image's", () => {
    const { args } = containerSpec(
      planOf({
        command: ["/run", "--api=$(KUBERNETES_SERVICE_HOST)"],
        args: ["$(GREETING)", "$$(GREETING)", "$(HOSTNAME)", "$(A)"],
      }),
    );
    expect(args).to.deep.equal([
      "/run",
      "--api=172.20.0.1",
      "$(HOME) at $(NOBODY)",
      "$(GREETING)",
      "$(HOSTNAME)",
      "$(A)",
    ]);
  });

  it("lets the Pod's variables win over credentials, the image's and what all have", () => {
    const env = [
      { name: "A", value: "pod" },
      { name: "PATH", value: "/pod" },
      { name: "HOSTNAME", value: "pod" },
      { name: "AWS_REGION", value: "pod" },
      { name: "KUBERNETES_SERVICE_HOST", value: "pod" },
    ];
    const credentials = { AWS_REGION: "us-west-2", AWS_PROFILE: "dev" };
    expect(containerSpec({ ...planOf({ env }), credentials }).env).to.deep.equal([
      "PATH=/pod",
      "HOME=/",
      "HOSTNAME=pod",
      "A=pod",
      "AWS_REGION=pod",
      "KUBERNETES_SERVICE_HOST=pod",
      "AWS_PROFILE=dev",
      "KUBERNETES_SERVICE_PORT=443",
    ]);
  });

  it("has containerd's PATH where the image has none", () => {
    const { env } = containerSpec({ ...planOf({ command: ["/run"] }), image: {} });
    expect(env[0]).to.equal("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  });

  const folders: readonly [string | undefined, string | undefined, string][] = [
    ["/pod", "/image", "/pod"],
    [undefined, "/image", "/image"],
    ["", "", "/"],
    [undefined, undefined, "/"],
  ];
  for (const [workingDir, WorkingDir, cwd] of folders) {
    it(`starts in ${cwd} for ${workingDir ?? "none"} of the Pod and ${WorkingDir ?? "none"} of the image`, () => {
      const plan = planOf({ workingDir, command: ["/run"] });
      expect(containerSpec({ ...plan, image: { config: { WorkingDir } } }).cwd).to.equal(cwd);
    });
  }

  it("has no limit and a root to write to where the Pod says nothing", () => {
    const { memoryLimitBytes, readOnlyRoot } = containerSpec(
      planOf({ resources: { requests: { memory: "1Gi" } }, securityContext: undefined }),
    );
    expect({ memoryLimitBytes, readOnlyRoot }).to.deep.equal({
      memoryLimitBytes: 0,
      readOnlyRoot: false,
    });
  });

  describe("mounts", () => {
    it("takes ConfigMaps, secrets and projected volumes read-only, whole or by path", () => {
      const volumes = [
        { name: "c", configMap: { name: "c" } },
        { name: "s", secret: { secretName: "s" } },
        { name: "p", projected: { sources: [] } },
      ];
      const volumeMounts = [
        { name: "c", mountPath: "/c/app.conf", subPath: "app.conf", readOnly: false },
        { name: "s", mountPath: "/s" },
        { name: "p", mountPath: "/p/", readOnly: true },
      ];
      const bind = { readOnly: true, sizeMiB: 0 };
      expect(mountsOf(planOf({ volumeMounts }, volumes))).to.deep.equal([
        { source: "/pods/u1/web/volumes/s", target: "/s", ...bind },
        { source: "/pods/u1/web/volumes/p", target: "/p/", ...bind },
        { source: "/pods/u1/web/volumes/c/app.conf", target: "/c/app.conf", ...bind },
      ]);
    });

    it("puts an outer one before those inside it", () => {
      const volumeMounts = ["/a/b/c", "/a", "/averylongname", "/a/b"].map((mountPath, index) => ({
        name: `v${index}`,
        mountPath,
      }));
      const volumes = volumeMounts.map(({ name }) => ({ name, configMap: { name } }));
      const targets = mountsOf(planOf({ volumeMounts }, volumes)).map(({ target }) => target);
      expect(targets).to.deep.equal(["/a", "/averylongname", "/a/b", "/a/b/c"]);
    });

    it("leaves the container its own /etc/hosts", () => {
      const volumes = [{ name: "c", configMap: { name: "c" } }];
      const volumeMounts = [{ name: "c", mountPath: "/etc/hosts", subPath: "hosts" }];
      const { mounts } = containerSpec(planOf({ volumeMounts }, volumes));
      expect(mounts.map(({ source }) => source)).to.deep.equal([
        "/pods/u1/etc/hostname",
        "/pods/u1/etc/resolv.conf",
        "/pods/u1/web/volumes/c/hosts",
      ]);
    });

    const folder = 0;
    const limits: readonly [what: string, emptyDir: object, limit: string, sizeMiB: number][] = [
      ["a small limit", { sizeLimit: "64Mi" }, "1Gi", 64],
      ["a part of a MiB", { sizeLimit: "1k" }, "1Gi", 1],
      ["the largest small limit", { sizeLimit: "256Mi" }, "1Gi", 256],
      ["a larger limit", { sizeLimit: "257Mi" }, "1Gi", folder],
      ["no limit", {}, "1Gi", folder],
      ["a limit of 0", { sizeLimit: "0" }, "1Gi", folder],
      ["memory and a large limit", { medium: "Memory", sizeLimit: "1Gi" }, "2Gi", 1024],
      ["memory and the container's limit", { medium: "Memory" }, "2Gi", 2048],
      ["memory and no limit at all", { medium: "Memory" }, "0", folder],
    ];
    for (const [what, emptyDir, memory, sizeMiB] of limits) {
      it(`makes an emptyDir with ${what} ${sizeMiB === folder ? "a folder" : `${sizeMiB} MiB in memory`}`, () => {
        const plan = planOf({ resources: { limits: { memory } } }, [{ name: "tmp", emptyDir }]);
        const source = sizeMiB === folder ? "/pods/u1/volumes/tmp" : "";
        expect(mountsOf(plan)).to.deep.equal([
          { source, target: "/tmp", readOnly: false, sizeMiB },
        ]);
      });
    }

    it("makes an emptyDir that is mounted twice a folder", () => {
      const mount = { name: "tmp", mountPath: "/tmp" };
      const source = "/pods/u1/volumes/tmp";
      const bind = { source, readOnly: false, sizeMiB: 0 };
      const other = { name: "side", image: "s", volumeMounts: [{ ...mount, readOnly: true }] };
      expect(mountsOf(planOf({}, [tmp], [other]))).to.deep.equal([{ ...bind, target: "/tmp" }]);
      const twice = { volumeMounts: [mount, { ...mount, mountPath: "/var", readOnly: true }] };
      expect(mountsOf(planOf(twice))).to.deep.equal([
        { ...bind, target: "/tmp" },
        { ...bind, target: "/var", readOnly: true },
      ]);
    });

    it("makes an emptyDir that is mounted in part a folder", () => {
      const volumeMounts = [{ name: "tmp", mountPath: "/x", subPath: "a/b" }];
      expect(mountsOf(planOf({ volumeMounts }))).to.deep.equal([
        { source: "/pods/u1/volumes/tmp/a/b", target: "/x", readOnly: false, sizeMiB: 0 },
      ]);
    });
  });

  const refused: readonly [string, ContainerPlan, string][] = [
    ["a mount without a volume", planOf({}, []), "mount /tmp names no volume: tmp"],
    [
      "a variable whose source is missing",
      planOf({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] }),
      'Secret "s" not found',
    ],
    [
      "a memory limit that is none",
      planOf({ resources: { limits: { memory: "much" } } }),
      '"much" is no quantity',
    ],
    [
      "an image without a program",
      { ...planOf(), image: { config: { Env: ["A=1"] } } },
      "container web has no program",
    ],
  ];
  for (const [what, plan, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => containerSpec(plan)).to.throw(PodConfigError, message);
    });
  }
});

describe("hostnameOf", () => {
  const cases: readonly [string, string][] = [
    ["web-0", "web-0"],
    ["a".repeat(63), "a".repeat(63)],
    ["a".repeat(64), "a".repeat(63)],
    [`${"a".repeat(61)}-.b`, "a".repeat(61)],
  ];
  for (const [name, hostname] of cases) {
    it(`of ${name} is ${hostname}`, () => {
      expect(hostnameOf(podOf({ containers: [] }, { name }))).to.equal(hostname);
    });
  }
});

describe("etcFiles", () => {
  it("are a kubelet's", () => {
    expect(etcFiles(podOf({ containers: [] }), "10.245.0.3", "172.20.0.10")).to.deep.equal({
      hosts: [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "10.245.0.3\tweb-0",
        "",
      ].join("\n"),
      hostname: "web-0\n",
      "resolv.conf": [
        "search shop.svc.cluster.local svc.cluster.local cluster.local",
        "nameserver 172.20.0.10",
        "options ndots:5",
        "",
      ].join("\n"),
    });
  });
});

describe("Pod", () => {
  it("keeps what a container's start and end need", () => {
    const spec = {
      restartPolicy: "OnFailure",
      containers: [
        {
          name: "web",
          image: "i",
          imagePullPolicy: "IfNotPresent",
          workingDir: "/w",
          resources: { limits: { memory: "1Gi" } },
          securityContext: { readOnlyRootFilesystem: true },
          lifecycle: { preStop: { sleep: { seconds: 15 } } },
          volumeMounts: [{ name: "tmp", mountPath: "/tmp", readOnly: true }],
        },
      ],
      volumes: [{ name: "tmp", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } }],
    };
    expect(podOf(spec).spec).to.deep.include(spec);
  });

  it("takes no restart policy that Kubernetes does not have", () => {
    const metadata = { name: "a", namespace: "b", uid: "c" };
    const spec = { containers: [], restartPolicy: "Sometimes" };
    expect(Pod.safeParse({ metadata, spec }).success).to.be.false;
  });
});
