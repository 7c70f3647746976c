import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { environments, type Environment } from "../../../config/environments.ts";
import { resolveAccount } from "../../../twin/aws/account.ts";
import { remove } from "../../../twin/aws/resources.ts";
import { Store } from "../../../twin/aws/store.ts";
import { addRepository } from "../../../twin/cluster/applications.ts";
import { deleteControlPlane } from "../../../twin/cluster/control-plane.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import {
  repositoryUrl,
  requireTwin,
  twinAccounts,
  twinPaths,
  twinRegistry,
} from "../../../twin/state/twin.ts";
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

/** What others do before a page's command, by its first words. */
const meanwhile: Readonly<Record<string, () => Promise<unknown>>> = {
  // The service's workflow.
  "add-a-service: npx idp status payments": async () => {
    const image = "idp/payments";
    const facts = { title: image, revision: build, version: build, created: new Date() };
    await pushImage(twinRegistry(requireTwin(), "dev"), image, build, ociImage(facts));
    await runs("dev", "payments", build);
  },
  // staging's Image Updater.
  "promote: npx idp promote time-service": () => runs("staging", "time-service", fresh),
  // prod's Argo CD.
  "prod-sync: npx idp sync time-service": () =>
    eventually(
      "prod is OutOfSync",
      () => statusOf("prod", "time-service"),
      (status) => status?.sync === "OutOfSync",
    ),
  "lost-state: pulumi stack init staging": loseState,
  "lost-state: aws eks describe-cluster": deleteCluster,
  // What the key of the app that writes is on AWS.
  "lost-state: npx idp status --cluster": async () => {
    await addRepository("staging", repositoryUrl(requireTwin()));
    await runs("staging", "time-service", fresh);
  },
};

/** Deletes staging's state with its backup. */
function loseState(): Promise<void> {
  const folder = join(twinPaths().state, "pulumi/.pulumi/stacks/idp");
  for (const file of ["staging.json", "staging.json.bak"]) rmSync(join(folder, file));
  return Promise.resolve();
}

/** Deletes staging's cluster as a person does in AWS's console: no stack knows of it. */
async function deleteCluster(): Promise<void> {
  const { profile, accountId } = twinAccounts.staging;
  const account = resolveAccount({ profile });
  const store = new Store(join(twinPaths().state, "aws", accountId));
  await remove("aws:eks/cluster:Cluster", "idp-staging", account, store, "a person", {
    log: () => undefined,
    controlPlanes: {
      ensure: () => Promise.reject(new Error("a deletion starts no cluster")),
      delete: deleteControlPlane,
    },
  });
}

/** What the twin needs instead of a page's words. */
function onTwin(command: string): string {
  // The shell on AWS is on one account; the twin's has all three.
  const [, stack] = /^aws eks describe-cluster --name idp-([a-z]+)/.exec(command) ?? [];
  const describe = `AWS_PROFILE=idp-twin-${stack ?? ""} ${command}`;
  if (stack === "staging") return `(${describe} || true) 2>&1 | grep ResourceNotFoundException`;
  if (stack !== undefined) return describe;
  // The twin's stacks keep their secrets by a passphrase.
  return command.replace(/ --secrets-provider="[^"]*"/, "").replaceAll("v1.2.0", fresh);
}

describe("the commands of README and runbooks", function () {
  this.timeout(600_000);

  for (const page of pages) {
    // Those of disaster are run by 08-disaster.e2e.ts: before a crash takes dev's builds.
    if (page.endsWith("/disaster.md") || runCommandsOf(page).length === 0) continue;
    it(`work: ${page}`, () =>
      runPage(page, {
        adapt: onTwin,
        meanwhile: async (command) => {
          const place = `${basename(page, ".md")}: ${command}`;
          const words = Object.keys(meanwhile).find((one) => place.startsWith(one)) ?? "";
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
