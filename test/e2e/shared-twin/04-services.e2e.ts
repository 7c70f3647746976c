import { expect } from "chai";
import { execa } from "execa";
import { kubeconfigFile, syncApplication } from "../../../twin/cluster/applications.ts";
import type { Environment } from "../../../config/environments.ts";
import { twinPaths } from "../../../twin/state/twin.ts";
import { runCommandsOf } from "../../docs/commands.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import {
  commit,
  eventually,
  fileOf,
  idp,
  kubectl,
  replicasOf,
  statusOf,
  succeeded,
} from "../support/twin.ts";

const replicas = (environment: Environment, service: string, count: number | string) =>
  commit(`Run ${count} of ${service} in ${environment}`, async ({ read }) => {
    const file = fileOf(environment, service);
    return { [file]: (await read(file)).replace(/^replicas: .*$/m, `replicas: ${count}`) };
  });

/** The numbers of replicas that a service's Deployment in dev asks for, one after the other, while something is done. */
async function replicasDuring(service: string, work: () => Promise<void>): Promise<string[]> {
  const watch = execa(
    `${twinPaths().bin}/kubectl`,
    [
      ...["--kubeconfig", kubeconfigFile("dev"), "--namespace", service],
      ...["get", "deployment", service, "--watch", "-o", 'jsonpath={.spec.replicas}{"\\n"}'],
    ],
    { reject: false },
  );
  try {
    await work();
  } finally {
    watch.kill();
  }
  const lines = (await watch).stdout.trim().split("\n");
  return lines.filter((line, index) => line !== lines[index - 1]);
}

describe("a commit", () => {
  it("that changes dev's replicas reaches the cluster by itself", async () => {
    await replicas("dev", "time-service", 2);
    await eventually(
      "dev runs 2",
      () => replicasOf("dev", "time-service"),
      (count) => count === 2,
    );
  });

  it("that makes a range of dev's replicas, and a number again, never runs fewer than both say", async () => {
    const service = "time-service";
    const inDev = (...args: string[]) => kubectl("dev", "--namespace", service, ...args);
    const maximum = (max: string) =>
      eventually(
        `the autoscaler's maximum is ${max === "" ? "gone" : max}`,
        () => inDev("get", "hpa", "--output", "jsonpath={.items[*].spec.maxReplicas}"),
        (found) => found === max,
      );
    const runs = (count: number) =>
      eventually(
        `dev runs ${count}`,
        () => replicasOf("dev", service),
        (found) => found === count,
      );
    const scale = (count: number) => inDev("scale", "deployment", service, `--replicas=${count}`);
    const seen = await replicasDuring(service, async () => {
      await replicas("dev", service, "{ min: 2, max: 4 }");
      await maximum("4");
      // Until the ApplicationSet has read the file, a sync takes the number back.
      const names = "jsonpath={.spec.ignoreDifferences[*].name}";
      await eventually(
        "Argo CD leaves the number to the autoscaler",
        () => kubectl("dev", "-n", "argocd", "get", "application", service, "-o", names),
        (found) => found === service,
      );
      // Little is used: the number stands for the autoscaler's decision, which it may not take back.
      const keeps = '{"spec":{"behavior":{"scaleDown":{"selectPolicy":"Disabled"}}}}';
      await inDev("patch", "hpa", service, "--type=merge", `--patch=${keeps}`);
      await scale(4);
      await replicas("dev", service, "{ min: 2, max: 5 }");
      await maximum("5");
      expect(await replicasOf("dev", service), "a sync leaves the autoscaler's").to.equal(4);
      await replicas("dev", service, 3);
      await runs(3);
      await maximum("");
    });
    // Between the Deployment and its own removal, in one sync, the autoscaler may decide once more; that is taken back.
    expect(seen.slice(0, 3)).to.deep.equal(["2", "4", "3"]);
    await runs(3);
    await scale(1);
    await runs(3);
  });

  it("that changes prod's replicas changes nothing until a person syncs", async () => {
    const before = await replicasOf("prod", "time-service");
    await replicas("prod", "time-service", before + 1);
    await eventually(
      "prod is OutOfSync",
      () => statusOf("prod", "time-service"),
      (status) => status?.sync === "OutOfSync",
    );
    await argoCdHasLooked();
    expect(await replicasOf("prod", "time-service")).to.equal(before);

    await syncApplication("prod", "time-service");
    await eventually(
      "prod runs one more",
      () => replicasOf("prod", "time-service"),
      (count) => count === before + 1,
    );
  });
});

describe("a service file", () => {
  const service = "greeting-service";

  for (const environment of ["dev", "prod"] as const) {
    it(`that is new adds a service in ${environment}`, async () => {
      await commit(`Add ${service} to ${environment}`, async ({ read }) => ({
        [fileOf(environment, service)]: await read(fileOf(environment, "version-service")),
      }));
      if (environment === "prod") {
        await eventually(
          "its Application is there",
          () => statusOf(environment, service),
          (status) => status?.sync === "OutOfSync",
        );
        // In dev its updates wait for `pulumi up`, which is a problem.
        const { all: waits } = await idp("status", service, "--cluster");
        expect(waits).not.to.include(`problem: ${service} in ${environment}`);
        // As the runbook says for another one.
        const [command = ""] = runCommandsOf("docs/runbooks/prod-sync.md").filter((one) =>
          one.startsWith("npx idp sync "),
        );
        const [, , ...words] = command.replace("time-service", service).split(" ");
        succeeded(await idp(...words));
      }
      await eventually(
        "it runs",
        () => statusOf(environment, service),
        (status) => status?.sync === "Synced" && status.health === "Healthy",
      );
    });
  }

  it("that is deleted removes the service in dev, and not in prod", async () => {
    await commit(`Remove ${service}`, () =>
      Promise.resolve({
        [fileOf("dev", service)]: undefined,
        [fileOf("prod", service)]: undefined,
      }),
    );
    // The Application goes last: its finalizer holds it until all that it made is gone.
    await eventually(
      "dev has no Application of it",
      () => statusOf("dev", service),
      (status) => status === undefined,
    );
    expect(await kubectl("dev", "get", "deployment", "-A", "-o", "name")).not.to.include(service);
    await argoCdHasLooked();
    expect(await kubectl("prod", "get", "deployment", "-n", service, "-o", "name")).to.include(
      service,
    );
    expect((await statusOf("prod", service))?.health).to.equal("Healthy");
  });

  it("that is deleted leaves prod when a person deletes the Application and the namespace", async () => {
    await kubectl("prod", "delete", "application", service, "-n", "argocd");
    await kubectl("prod", "delete", "namespace", service);
    expect(await statusOf("prod", service)).to.equal(undefined);
  });
});
