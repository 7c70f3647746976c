import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import { argoCdRelease, imageUpdaterRelease } from "../../config/release-manifest.ts";
import type { Manifest, ReleaseManifest } from "../../config/release-manifest.ts";
import { wholeGroups } from "../../config/committed.ts";
import { Settings } from "../../config/schema.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { customFaults, customSchemas, type CustomSchemas } from "../crd-schema.ts";
import { modelOf, schemaFaults } from "../kubernetes-schema.ts";
import type { Manifest as Subject } from "../rule.ts";
import { textOf } from "../values.ts";

/** Reads a release manifest. Rejects when it is not to be had. */
export type ReadRelease = (release: ReleaseManifest) => Promise<readonly Manifest[]>;

/** The kinds that an environment's cluster knows besides Kubernetes's own. */
export interface Kinds {
  readonly schemas: CustomSchemas;
  /** What could not be read, and so is not checked. */
  readonly findings: readonly Finding[];
}

/** Where nothing is known. */
export const noKinds: Kinds = { schemas: new Map(), findings: [] };

const Releases = Settings.pick({ argoCd: true, images: true });

/** The kinds of the releases that an environment's settings install, from their own manifests. */
export async function kindsOf(stackFile: StackFile, read: ReadRelease): Promise<Kinds> {
  const { file } = stackFile;
  const settings = wholeGroups(stackFile, Releases);
  // The program's own check of the settings says what is wrong with them.
  if (!settings) return noKinds;
  const { argoCd, images } = settings;
  const releases = [
    argoCdRelease(argoCd),
    ...(images.strategy === "pinned" ? [] : [imageUpdaterRelease(images.imageUpdater)]),
  ];
  const results = await Promise.allSettled(releases.map(read));
  return {
    schemas: customSchemas(
      results.flatMap((result) => (result.status === "fulfilled" ? result.value : [])),
    ),
    findings: results.flatMap((result, index) =>
      result.status === "fulfilled"
        ? []
        : finding(
            { file, line: 1, column: 1 },
            {
              rule: "kinds-are-known",
              level: "warning",
              key: "",
              found: `no ${releases[index]?.url ?? ""}: ${String(result.reason)}`,
              allowed: "must be read to check the objects that the program hands to Argo CD",
              fix: "run idp check where the address can be reached; once read, it is kept",
              reason: "The API server drops or refuses what a kind does not know.",
            },
          ),
    ),
  };
}

/** Something that an object has wrong, and where in it. */
export interface Fault {
  /** Dotted. */
  readonly path: string;
  readonly text: string;
}

/**
 * What an object has wrong by the schema of its kind, of Kubernetes's own or a custom one.
 * @returns undefined for a kind that is not known
 */
export function faultsIn(manifest: Subject, schemas: CustomSchemas): Fault[] | undefined {
  const [apiVersion, kind] = [textOf(manifest["apiVersion"]), textOf(manifest["kind"])];
  const custom = schemas.get(`${apiVersion} ${kind}`);
  const model = modelOf(apiVersion, kind);
  const lines = custom !== undefined ? customFaults(manifest, custom) : ownFaults(manifest, model);
  return lines?.map((line) => {
    const colon = line.indexOf(": ");
    return { path: line.slice(1, colon), text: line.slice(colon + 2) };
  });
}

function ownFaults(manifest: Subject, model: string | undefined): string[] | undefined {
  return model === undefined ? undefined : schemaFaults(manifest, model);
}

/** A fault as a finding, at the place that makes the object. */
export function schemaFinding(manifest: Subject, { path, text }: Fault, place: Place): Finding {
  const [apiVersion, kind] = [textOf(manifest["apiVersion"]), textOf(manifest["kind"])];
  return finding(place, {
    rule: "kubernetes-schema",
    key: path,
    found: `${apiVersion} ${kind}: ${text}`,
    allowed: "must be as the API describes it",
    fix: `see kubectl explain ${kind.toLowerCase()}.${path.replaceAll(/\[\d+\]/g, "")}`,
    reason: "The API server drops or refuses what it does not know.",
  });
}
