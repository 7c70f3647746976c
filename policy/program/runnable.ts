import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { argoCdConfig, imageUpdaterConfigMap } from "../../components/argocd-config.ts";
import { argoCdRelease, imageUpdaterRelease } from "../../config/release-manifest.ts";
import type { Manifest, ReleaseManifest } from "../../config/release-manifest.ts";
import { Settings, undecidedAccount } from "../../config/schema.ts";
import { namespace, type StackFile } from "../../config/stack-files.ts";
import type { ReadRelease } from "../../config/release-manifest.ts";

/** Stands for the account of a stack where none is decided yet; nobody has it. */
const standInAccount = "123456789012";

const Account = z.looseObject({ accountId: z.literal(undecidedAccount) });
const Access = z.looseObject({
  access: z.array(z.looseObject({ principalArn: z.string() })),
});
const Secret = z.strictObject({ secure: z.unknown() });

/** Settings as the engine hands them over: JSON text by `namespace:key`. */
export function engineConfig(settings: StackFile["settings"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`${namespace}:${key}`, JSON.stringify(value)]),
  );
}

/** Committed settings with an account where none is decided yet. */
export function withDecidedAccount(settings: StackFile["settings"]): Record<string, unknown> {
  const aws = Account.safeParse(settings["aws"]).data;
  const cluster = Access.safeParse(settings["cluster"]).data;
  return {
    ...settings,
    ...(aws && { aws: { ...aws, accountId: standInAccount } }),
    ...(cluster && {
      cluster: {
        ...cluster,
        access: cluster.access.map((entry) => ({
          ...entry,
          principalArn: entry.principalArn.replace(
            `::${undecidedAccount}:`,
            `::${standInAccount}:`,
          ),
        })),
      },
    }),
  };
}

/**
 * Committed settings as the program can run on them beside the engine: without secrets, with an account where none is
 * decided yet, and with the release manifests in files of a folder. What is wrong with them the program says.
 */
export async function runnableSettings(
  { settings }: StackFile,
  readRelease: ReadRelease,
  folder: string,
): Promise<Record<string, unknown>> {
  const argoCd = Settings.shape.argoCd.safeParse(settings["argoCd"]).data;
  const images = Settings.shape.images.safeParse(settings["images"]).data;
  const updater = images?.strategy === "pinned" ? undefined : images?.imageUpdater;
  const inFile = async (release: ReleaseManifest, configMaps: readonly string[]) =>
    writeManifest(folder, await readRelease(release).catch(() => configMaps.map(standIn)));
  const changed = {
    ...withDecidedAccount(settings),
    ...(argoCd && {
      argoCd: {
        ...argoCd,
        ...(await inFile(
          argoCdRelease(argoCd),
          Object.keys(argoCdConfig(argoCd.reconciliationSeconds)),
        )),
      },
    }),
    ...(updater && {
      images: {
        ...images,
        imageUpdater: {
          ...updater,
          ...(await inFile(imageUpdaterRelease(updater), [imageUpdaterConfigMap])),
        },
      },
    }),
  };
  return Object.fromEntries(
    Object.entries(changed).filter(([, value]) => !Secret.safeParse(value).success),
  );
}

/** Of a release that is not to be had, what the program adds its entries to. */
function standIn(name: string): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
}

/** Writes a manifest without its definitions of kinds, which are most of the text and which no rule looks at. */
function writeManifest(folder: string, manifests: readonly Manifest[]) {
  const text = manifests
    .filter(({ kind }) => kind !== "CustomResourceDefinition")
    .map((manifest) => JSON.stringify(manifest))
    .join("\n---\n");
  const manifestSha256 = createHash("sha256").update(text).digest("hex");
  const file = join(folder, `${manifestSha256}.yaml`);
  writeFileSync(file, text);
  return { manifestUrl: pathToFileURL(file).href, manifestSha256 };
}
