import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import {
  argoCdRelease,
  imageUpdaterRelease,
  type ReadRelease,
} from "../../config/release-manifest.ts";
import { committed, wholeGroups } from "../../config/committed.ts";
import { Settings } from "../../config/schema.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { customFaults, customSchemas, type CustomSchemas } from "../crd-schema.ts";
import { kubernetesFaults, kubernetesOf, type Kubernetes } from "../kubernetes-schema.ts";
import type { Manifest as Subject } from "../rule.ts";
import type { Fault } from "../schema-faults.ts";
import { textOf } from "../values.ts";

/** The kinds that an environment's cluster knows. */
export interface Kinds {
  /** Kubernetes' own; undefined where there is no schema of the cluster's version. */
  readonly kubernetes: Kubernetes | undefined;
  readonly custom: CustomSchemas;
  /** What could not be read; objects of these kinds are not checked. */
  readonly findings: readonly Finding[];
}

const Releases = Settings.pick({ argoCd: true, images: true });

/** The kinds of an environment's Kubernetes version and of the releases that its settings install. */
export async function kindsOf(stackFile: StackFile, read: ReadRelease): Promise<Kinds> {
  const { version } = committed(stackFile).cluster;
  const kubernetes = version === undefined ? undefined : kubernetesOf(version);
  const { custom, findings } = await customKinds(stackFile, read);
  const unknown =
    version === undefined || kubernetes ? [] : [unknownKubernetes(stackFile, version)];
  return { kubernetes, custom, findings: [...unknown, ...findings] };
}

function unknownKubernetes({ file }: StackFile, version: string): Finding {
  return finding(
    { file, line: 1, column: 1 },
    {
      rule: "kinds-are-known",
      level: "warning",
      key: "cluster.version",
      found: `no schema of Kubernetes ${version}`,
      allowed: "must be there to check what the chart renders",
      fix: "set kubectl to a cluster of this version, then: node policy/kubernetes-openapi.ts",
      reason: "The API server drops or refuses what a kind does not know.",
    },
  );
}

/** The kinds of the releases that an environment's settings install, from their own manifests. */
async function customKinds(
  stackFile: StackFile,
  read: ReadRelease,
): Promise<Pick<Kinds, "custom" | "findings">> {
  const { file } = stackFile;
  const settings = wholeGroups(stackFile, Releases);
  // The program's own check of the settings says what is wrong with them.
  if (!settings) return { custom: new Map(), findings: [] };
  const { argoCd, images } = settings;
  const releases = [
    argoCdRelease(argoCd),
    ...(images.strategy === "pinned" ? [] : [imageUpdaterRelease(images.imageUpdater)]),
  ];
  const results = await Promise.allSettled(releases.map(read));
  return {
    custom: customSchemas(
      results.flatMap((result) => (result.status === "fulfilled" ? result.value : [])),
    ),
    findings: results.flatMap((result) =>
      result.status === "fulfilled"
        ? []
        : finding(
            { file, line: 1, column: 1 },
            {
              rule: "kinds-are-known",
              level: "warning",
              key: "",
              found: `no release manifest: ${String(result.reason)}`,
              allowed: "must be read to check the objects that the program hands to Argo CD",
              fix: "put it into config/releases, as docs/runbooks/argocd-upgrade.md says",
              reason: "The API server drops or refuses what a kind does not know.",
            },
          ),
    ),
  };
}

/**
 * What an object has wrong by the schema of its kind, of Kubernetes' own or a custom one.
 * @returns undefined for a kind that is not known
 */
export function faultsIn(manifest: Subject, { kubernetes, custom }: Kinds): Fault[] | undefined {
  if (!kubernetes) return undefined;
  const schema = custom.get(kindOf(manifest));
  return schema === undefined
    ? kubernetesFaults(manifest, kubernetes)
    : customFaults(manifest, schema, kubernetes);
}

/** A fault as a finding, at the place that makes the object. */
export function schemaFinding(
  manifest: Subject,
  { path, found, allowed }: Fault,
  place: Place,
): Finding {
  const field = `${textOf(manifest["kind"]).toLowerCase()}.${path.replaceAll(/\[\d+\]/g, "")}`;
  return finding(place, {
    rule: "kubernetes-schema",
    key: path,
    found,
    allowed: `${allowed} (${kindOf(manifest)})`,
    fix: `see kubectl explain ${field}`,
    reason: "The API server drops or refuses what it does not know.",
  });
}

function kindOf(manifest: Subject): string {
  return `${textOf(manifest["apiVersion"])} ${textOf(manifest["kind"])}`;
}
