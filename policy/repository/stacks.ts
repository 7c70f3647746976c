import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Place } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { argoCdConfig, argoCdNamespace } from "../../components/argocd-config.ts";
import { applicationSet, appProject, gitOpsOf, imageUpdates } from "../../components/gitops.ts";
import { wholeGroups } from "../../config/committed.ts";
import { Settings } from "../../config/schema.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { platformOf } from "../platform.ts";
import type { Context, Manifest, Rule, Violation } from "../rule.ts";
import { findingsOf } from "./findings.ts";
import { placeIn } from "./place.ts";
import { faultsIn, schemaFinding, type Kinds } from "./schemas.ts";

/** What the rules know of an environment by its committed settings. */
export function contextOf({ environment, settings }: StackFile): Context {
  const config = Object.entries(settings).map(([key, value]) => [
    `idp:${key}`,
    JSON.stringify(value),
  ]);
  return { environment, ...platformOf(Object.fromEntries(config) as Record<string, string>) };
}

/**
 * The rules over an environment's committed settings, and over what the program makes of them for Argo CD. Where a
 * setting is at fault that is said, not what follows from it.
 *
 * @param root where the settings are, and the sources that the places point into
 * @param kinds what the cluster knows of the objects' kinds
 */
export function stackFindings(
  root: string,
  rules: readonly Rule[],
  stackFile: StackFile,
  catalog: Catalog,
  kinds: Kinds,
): Finding[] {
  const { environment, file, settings } = stackFile;
  const context = contextOf(stackFile);
  const yaml = readYaml(file, readFileSync(join(root, file), "utf8"));
  const placeOfSetting = ({ path }: Violation): Place => {
    const [group = "", ...rest] = path.split(".");
    return yaml.placeOf(["config", `idp:${group}`, ...rest], "value");
  };
  const made = gitOpsManifests(stackFile, catalog, context);
  const broken = rules.flatMap((rule) => {
    const own = findingsOf(
      rule,
      environment,
      rule.settings?.(settings, context) ?? [],
      placeOfSetting,
    );
    if (own.length > 0) return own;
    return made.flatMap(({ source, manifest }) =>
      findingsOf(rule, environment, rule.manifest?.(manifest, context) ?? [], ({ path }) =>
        placeInSource(source, path),
      ),
    );
  });
  const misfits = made.flatMap(({ source, manifest }) =>
    (faultsIn(manifest, kinds) ?? []).map((fault) =>
      schemaFinding(manifest, fault, placeInSource(source, fault.path)),
    ),
  );
  return [...broken, ...misfits, ...kinds.findings];
}

function placeInSource(source: string, path: string): Place {
  return placeIn(source, readFileSync(join(import.meta.dirname, "../..", source), "utf8"), path);
}

interface Made {
  /** The file that makes it. */
  readonly source: string;
  readonly manifest: Manifest;
}

/** The parts of the settings that decide about Argo CD; what is wrong in the others hides nothing here. */
const GitOpsSettings = Settings.pick({
  repository: true,
  cluster: true,
  argoCd: true,
  images: true,
});

function gitOpsManifests(
  stackFile: StackFile,
  catalog: Catalog,
  { registryHost }: Context,
): Made[] {
  const settings = wholeGroups(stackFile, GitOpsSettings);
  // The program's own check of the settings says what is wrong with them.
  if (!settings) return [];
  const { argoCd, images } = settings;
  const gitOps = gitOpsOf(stackFile.environment, settings);
  const services = catalog.services.map(({ name, image }) => ({
    name,
    image: `${registryHost}/${image.name}`,
  }));
  return [
    { source: "components/gitops.ts", manifest: appProject(gitOps) },
    { source: "components/gitops.ts", manifest: applicationSet(gitOps) },
    ...(images.strategy === "pinned"
      ? []
      : [
          {
            source: "components/gitops.ts",
            manifest: imageUpdates(gitOps, images.strategy, services),
          },
        ]),
    ...Object.entries(argoCdConfig(argoCd.reconciliationSeconds)).map(([name, data]) => ({
      source: "components/argocd-config.ts",
      manifest: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: argoCdNamespace },
        data,
      },
    })),
  ];
}
