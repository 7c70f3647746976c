import { environments, type Environment } from "../../../config/environments.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { requireTwin, twinRegistry } from "../../../twin/state/twin.ts";
import { pages, runCommandsOf } from "../../docs/commands.ts";
import { runPage } from "../support/pages.ts";
import { eventually, kubectl, statusOf } from "../support/twin.ts";

/** A version that no other test has released, instead of the pages' own. */
const fresh = "v7.1.0";
/** A build of the service that a page begins. */
const build = "sha-9a9e501";

/** Waits until git names a service's tag, and an environment runs it. */
const runs = (environment: Environment, service: string, tag: string) =>
  eventually(
    `${environment} runs ${service} ${tag}`,
    () => statusOf(environment, service),
    (status) =>
      status?.wanted === tag &&
      status.tag === tag &&
      status.sync === "Synced" &&
      status.health === "Healthy",
    180_000,
  );

/** What others do before a command, by its first words. */
const meanwhile: Readonly<Record<string, () => Promise<unknown>>> = {
  // The service's workflow.
  "npx idp status payments": async () => {
    const image = "idp/payments";
    const facts = { title: image, revision: build, version: build, created: new Date() };
    await pushImage(twinRegistry(requireTwin(), "dev"), image, build, ociImage(facts));
    await runs("dev", "payments", build);
  },
  // staging's Image Updater.
  "npx idp promote time-service": () => runs("staging", "time-service", fresh),
  // prod's Argo CD.
  "kubectl -n argocd patch application time-service": () =>
    eventually(
      "prod is OutOfSync",
      () => statusOf("prod", "time-service"),
      (status) => status?.sync === "OutOfSync",
    ),
};

describe("the commands of README and runbooks", function () {
  this.timeout(600_000);

  for (const page of pages) {
    // Those of disaster are run by 08-disaster.e2e.ts: before a crash takes dev's builds.
    if (page.endsWith("/disaster.md") || runCommandsOf(page).length === 0) continue;
    it(`work: ${page}`, () =>
      runPage(page, {
        adapt: (command) => command.replaceAll("v1.2.0", fresh),
        meanwhile: async (command) => {
          const words = Object.keys(meanwhile).find((one) => command.startsWith(one)) ?? "";
          await meanwhile[words]?.();
        },
      }));
  }

  after("the service that a page began goes, as that page says", async () => {
    const name = "payments";
    await kubectl("prod", "delete", "application", name, "-n", "argocd", "--ignore-not-found");
    for (const environment of environments) {
      await eventually(
        `${environment} has no ${name}`,
        () => statusOf(environment, name),
        (status) => status === undefined,
      );
      await kubectl(environment, "delete", "namespace", name, "--ignore-not-found");
    }
  });
});
