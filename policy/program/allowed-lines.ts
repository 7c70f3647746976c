import { generateKeyPairSync } from "node:crypto";
import { committed, wholeGroups } from "../../config/committed.ts";
import { environments, type Environment } from "../../config/environments.ts";
import { argoCdRelease, imageUpdaterRelease } from "../../config/release-manifest.ts";
import type { ReadRelease } from "../../config/release-manifest.ts";
import { githubAppKey, Settings, undecidedAccount } from "../../config/schema.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { lists, type List } from "../allowed.ts";
import { madeByCluster } from "../eks.ts";
import { factsOf } from "../facts.ts";
import type { Stack } from "../placeholders.ts";
import { platformOf } from "../platform.ts";
import { listOf, mapOf } from "../values.ts";
import { recordedStacks, type Recorder } from "./registrations.ts";
import { measured, remoteChildren, type Judged } from "./remote-children.ts";
import { engineConfig } from "./runnable.ts";

/**
 * What the stacks may hold, as lines: what the program registers with the committed settings, with and without what a
 * setting can add, and what the components of other packages, the engine and the pinned releases make.
 *
 * @param root the repository's
 * @throws Error when the program refuses the settings, or a release cannot be read
 */
export async function allowedLines(
  root: string,
  stackFiles: readonly StackFile[],
  readRelease: ReadRelease,
  record: Recorder,
): Promise<ReadonlyMap<List, readonly string[]>> {
  const variants = stackFiles.flatMap((stackFile) => [stackFile, withOptions(stackFile)]);
  const recorded = await recordedStacks(root, variants, readRelease, record);
  const perEnvironment = new Map<Environment, Set<string>>();
  for (const [index, { environment, file }] of variants.entries()) {
    const { answer, settings = {} } = recorded[index] ?? {};
    if (!answer || "error" in answer) {
      throw new Error(`${file}: the program refuses the settings: ${answer?.error ?? ""}`);
    }
    const stack = { environment, ...platformOf(engineConfig(settings)) };
    const lines = perEnvironment.get(environment) ?? new Set<string>();
    perEnvironment.set(environment, lines);
    for (const line of linesOf([...answer.resources, ...madeByEngine(environment)], stack)) {
      lines.add(line);
    }
  }
  for (const stackFile of stackFiles) {
    const { environment } = stackFile;
    const lines = perEnvironment.get(environment);
    const definitions = await definitionsOf(stackFile, readRelease);
    const made = linesOf(remoteChildren(root), { environment, ...measured });
    for (const line of [...made, ...definitions]) lines?.add(line);
  }
  return inLists(perEnvironment);
}

/** The lines of resources. */
function linesOf(resources: readonly Judged[], stack: Stack): string[] {
  return resources
    .flatMap((resource) => [resource, ...madeByCluster({ ...resource, protect: false })])
    .flatMap((resource) => {
      const { identity, content } = factsOf(resource, stack);
      return identity === undefined ? [] : [identity, ...content.map(({ line }) => line)];
    });
}

/** What the engine makes beside the program's own: the stack, and providers that the program does not name. */
function madeByEngine(environment: Environment): Judged[] {
  return [
    ["pulumi:pulumi:Stack", `idp-${environment}`],
    ["pulumi:providers:awsx", "default_1_0_0"],
    ["pulumi:providers:eks", "default_1_0_0"],
    ["pulumi:providers:pulumi", "default"],
  ].map(([type = "", name = ""]) => ({ type, name, props: {} }));
}

/** The definitions of a release's own kinds: the engine names them as the cluster does. */
async function definitionsOf(stackFile: StackFile, readRelease: ReadRelease): Promise<string[]> {
  const settings = wholeGroups(stackFile, Settings.pick({ argoCd: true, images: true }));
  if (!settings) return [];
  const { argoCd, images } = settings;
  const releases = [
    argoCdRelease(argoCd),
    ...(images.strategy === "pinned" ? [] : [imageUpdaterRelease(images.imageUpdater)]),
  ];
  const manifests = (await Promise.all(releases.map(readRelease))).flat();
  return manifests
    .filter(({ kind }) => kind === "CustomResourceDefinition")
    .map(({ apiVersion, kind, metadata }) => `kubernetes:${apiVersion}:${kind} ${metadata.name}`);
}

/** Each line where it belongs: with all environments, or with those that have it. Sorted. */
function inLists(perEnvironment: ReadonlyMap<Environment, ReadonlySet<string>>) {
  const all = [...new Set([...perEnvironment.values()].flatMap((lines) => [...lines]))].sort();
  const isEverywhere = (line: string) =>
    environments.every((environment) => perEnvironment.get(environment)?.has(line));
  return new Map(
    lists.map((list) => [
      list,
      all.filter((line) =>
        list === "everywhere"
          ? isEverywhere(line)
          : !isEverywhere(line) && perEnvironment.get(list)?.has(line),
      ),
    ]),
  );
}

/**
 * A stack file with every setting that adds resources or grants: whoever sets one of them need not make the lists again.
 */
function withOptions({ settings, ...stackFile }: StackFile): StackFile {
  const { aws, repository, images } = committed({ settings });
  const { accountId = undecidedAccount, region = "" } = aws;
  const keyArn = `arn:aws:kms:${region}:${accountId}:key/state`;
  const isOnGithub = repository.url?.startsWith("https://github.com/") ?? false;
  const isWritten = images.strategy !== "pinned";
  const cluster = mapOf(settings["cluster"]);
  return {
    ...stackFile,
    settings: {
      ...settings,
      github: {
        ...mapOf(settings["github"]),
        stateBackend: { bucket: "allowed-state", keyArn },
        runner: {
          connectionArn: `arn:aws:codeconnections:${region}:${accountId}:connection/allowed`,
        },
      },
      cluster: {
        ...cluster,
        publicAccessCidrs: ["203.0.113.0/24"],
        access: [
          ...listOf(cluster["access"]),
          ...["cluster-admin", "admin", "view"].flatMap((level) => {
            const of = (name: string) => ({
              ...{ name, level, principalArn: `arn:aws:iam::${accountId}:role/${name}` },
            });
            const [whole, part] = [of(`allowed-${level}`), of(`allowed-part-${level}`)];
            return [whole, { ...part, namespaces: ["allowed"] }];
          }),
        ],
      },
      ...(isWritten && isOnGithub && { images: { ...mapOf(settings["images"]), writer } }),
      ...(isOnGithub && { [githubAppKey]: { ...reader, privateKey: anyKey() } }),
    },
  };
}

const reader = { appId: "1", installationId: "1" };
const writer = { appId: "2", installationId: "2" };

/** A key of the form that GitHub gives, of no app. */
function anyKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs1", format: "pem" }).toString();
}
