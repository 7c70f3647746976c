import { expect } from "chai";
import { syncApplication } from "../../../twin/cluster/applications.ts";
import type { Environment } from "../../../config/environments.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import { commit, eventually, fileOf, kubectl, replicasOf, statusOf } from "../support/twin.ts";

const replicas = (environment: Environment, service: string, count: number) =>
  commit(`Run ${count} of ${service} in ${environment}`, async ({ read }) => {
    const file = fileOf(environment, service);
    return { [file]: (await read(file)).replace(/^replicas: .*$/m, `replicas: ${count}`) };
  });

describe("a commit", () => {
  it("that changes dev's replicas reaches the cluster by itself", async () => {
    await replicas("dev", "time-service", 2);
    await eventually(
      "dev runs 2",
      () => replicasOf("dev", "time-service"),
      (count) => count === 2,
    );
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
        await syncApplication(environment, service);
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
