import { expect } from "chai";
import {
  processPodQuery,
  processPodSelector,
  workloadOf,
  workloads,
} from "../../../twin/cluster/workloads.ts";

const argoCdImage = "quay.io/argoproj/argocd:v3.6.1";
const redisImage = "public.ecr.aws/docker/library/redis:8.10.1-alpine";

function programOf(
  pod: string,
  container: string,
  image: string,
  podName = `${pod}-x`,
): string | undefined {
  const labels = { "app.kubernetes.io/name": pod };
  return workloadOf({ podName, labels, container, image })?.program;
}

describe("workloadOf", () => {
  const runs: [string, string, string, string, string?][] = [
    ["argocd-server", "argocd-server", argoCdImage, "argocd-server"],
    ["argocd-repo-server", "argocd-repo-server", argoCdImage, "argocd-repo-server"],
    [
      "argocd-application-controller",
      "argocd-application-controller",
      argoCdImage,
      "argocd-application-controller",
    ],
    [
      "argocd-applicationset-controller",
      "argocd-applicationset-controller",
      argoCdImage,
      "argocd-applicationset-controller",
    ],
    ["argocd-redis", "secret-init", argoCdImage, "argocd"],
    ["argocd-redis", "redis", redisImage, "redis-server"],
    ["argocd-redis-ha-haproxy", "secret-init", argoCdImage, "argocd"],
    ["argocd-redis-ha", "redis", redisImage, "redis-server", "argocd-redis-ha-server-0"],
    [
      "argocd-image-updater",
      "argocd-image-updater-controller",
      "quay.io/argoprojlabs/argocd-image-updater:v1.3.0",
      "argocd-image-updater",
    ],
  ];
  for (const [pod, container, image, program, podName] of runs) {
    it(`runs ${container} of ${podName ?? pod}`, () => {
      expect(programOf(pod, container, image, podName)).to.equal(program);
    });
  }

  it("accepts an image from a mirror, by tag or digest, also without a host", () => {
    for (const image of [
      "mirror.internal:5000/quay/argoproj/argocd@sha256:0",
      "argoproj/argocd",
      "argoproj/argocd:v9",
    ]) {
      expect(programOf("argocd-server", "argocd-server", image), image).to.equal("argocd-server");
    }
  });

  const pretends: [string, string, string, string?][] = [
    ["argocd-dex-server", "dex", "ghcr.io/dexidp/dex:v2.46.0"],
    ["argocd-dex-server", "copyutil", argoCdImage],
    ["argocd-notifications-controller", "argocd-notifications-controller", argoCdImage],
    ["argocd-repo-server", "copyutil", argoCdImage],
    ["argocd-redis-ha", "redis", redisImage, "argocd-redis-ha-server-1"],
    ["argocd-redis-ha", "sentinel", redisImage, "argocd-redis-ha-server-0"],
    ["argocd-redis-ha-haproxy", "haproxy", "public.ecr.aws/docker/library/haproxy:3.0.8-alpine"],
    // Somebody's own redis, and an image whose name only ends in the same way.
    ["shop", "redis", redisImage],
    ["argocd-server", "argocd-server", "quay.io/notargoproj/argocd:v1"],
    ["argocd-server", "argocd-server", "quay.io/argoproj/argocd-extras:v1"],
  ];
  for (const [pod, container, image, podName] of pretends) {
    it(`only reports ${container} of ${podName ?? pod} (${image}) as running`, () => {
      expect(programOf(pod, container, image, podName)).to.be.undefined;
    });
  }
});

describe("workloads", () => {
  it("have a port of this machine for every container port that they bind", () => {
    for (const row of workloads) {
      const asked: number[] = [];
      row.listenArguments((port) => {
        asked.push(port);
        return port;
      }, "argocd");
      expect(asked.sort(), row.container).to.deep.equal([...row.ports].sort());
    }
  });

  it("bind to 127.0.0.1 or have no address to set", () => {
    const addresses = workloads
      .flatMap((row) => row.listenArguments((port) => port, "argocd"))
      .filter((argument) => /(address|addr)=/.test(argument));
    expect(addresses).to.have.length(11);
    for (const argument of addresses) expect(argument).to.match(/=127\.0\.0\.1(:\d+)?$/);
  });

  it("select only the Pods that have a row", () => {
    expect(processPodSelector).to.equal(
      "app.kubernetes.io/name in (argocd-server,argocd-repo-server,argocd-application-controller," +
        "argocd-applicationset-controller,argocd-redis,argocd-redis-ha-haproxy,argocd-redis-ha,argocd-image-updater)",
    );
  });

  it("give KWOK the same choice in jq, one condition per row", () => {
    expect(processPodQuery.match(/\.name == "/g)).to.have.length(workloads.length);
  });
});
