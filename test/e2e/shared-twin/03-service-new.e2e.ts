import { expect } from "chai";
import { checkServiceFiles } from "../../../cli/check.ts";
import { environments, type Environment } from "../../../config/environments.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { requireTwin, twinRegistry } from "../../../twin/state/twin.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import { commit, eventually, idp, kubectl, statusOf, succeeded } from "../support/twin.ts";

const service = "payments";
const image = "idp/payments";
const build = "sha-5e7a1c0";

/** Every Deployment but the service's own, with the number of its last change: what somebody else's commit must leave. */
async function others(): Promise<string[]> {
  const path =
    'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.generation}{"\\n"}{end}';
  const lists = await Promise.all(
    environments.map(async (environment) =>
      (await kubectl(environment, "get", "deployments", "-A", "-o", path))
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith(`${service}/`))
        .map((line) => `${environment} ${line}`),
    ),
  );
  return lists.flat();
}

const isThere = async (environment: Environment, kind: string, ...more: readonly string[]) =>
  (await kubectl(
    environment,
    "get",
    kind,
    service,
    "--ignore-not-found",
    "-o",
    "name",
    ...more,
  )) !== "";

describe("a new service", () => {
  let before: string[];

  it("runs in dev by one command and one commit, with 0 changes elsewhere", async () => {
    const content = ociImage({
      title: image,
      revision: build.slice("sha-".length),
      version: build,
      created: new Date("2026-02-01T00:00:00Z"),
    });
    await pushImage(twinRegistry(requireTwin(), "dev"), image, build, content);
    before = await others();
    await commit(`Add ${service}`, async ({ directory }) => {
      const words = [service, "--port", "9000", "--image", image];
      succeeded(await idp("service", "new", ...words, "--twin", "--repository", directory));
      const findings = await checkServiceFiles(directory);
      expect(findings).to.deep.equal([]);
      return {};
    });
    const pushed = Date.now();
    await eventually(
      "it runs in dev",
      () => statusOf("dev", service),
      (status) => status?.sync === "Synced" && status.health === "Healthy",
      60_000,
    );
    console.log(`      in dev ${((Date.now() - pushed) / 1000).toFixed(1)} s after the push`);
    const path = "jsonpath={.spec.template.spec.containers[*].image}";
    expect(await kubectl("dev", "get", "deployment", service, "-n", service, "-o", path)).to.match(
      new RegExp(`/${image}:${build}$`),
    );
    expect(await others()).to.deep.equal(before);
  });

  it("waits in prod for a person, and has no image there to run", async () => {
    await eventually(
      "prod has its Application",
      () => statusOf("prod", service),
      (status) => status?.sync === "OutOfSync",
    );
    expect(await isThere("prod", "deployment", "-n", service)).to.equal(false);
  });

  it("goes again from prod to dev, step by step", async () => {
    for (const environment of [...environments].reverse()) {
      await commit(`Remove ${service} from ${environment}`, async ({ directory }) => {
        const said = succeeded(
          await idp("service", "remove", service, "--repository", directory, "--json"),
        );
        expect(JSON.parse(said.stdout)).to.deep.include({ service, environment });
        return {};
      });
      if (environment === "prod") {
        // An ApplicationSet that has not seen the commit yet would make it again.
        await argoCdHasLooked();
        await kubectl("prod", "delete", "application", service, "-n", "argocd");
      }
      await eventually(
        `${environment} has no Application of it`,
        () => isThere(environment, "application", "-n", "argocd"),
        (found) => !found,
      );
      expect(await isThere(environment, "deployment", "-n", service)).to.equal(false);
      await kubectl(environment, "delete", "namespace", service, "--ignore-not-found");
    }
    expect(await others()).to.deep.equal(before);
  });
});
