import { readFileSync } from "node:fs";
import { join } from "node:path";
import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { argoCdConfig, argoCdNamespace } from "../../components/argocd-config.ts";
import { applicationSet, appProject, gitOpsOf, imageUpdates } from "../../components/gitops.ts";
import { committed, wholeGroups } from "../../config/committed.ts";
import { Settings } from "../../config/schema.ts";
import type { StackFile } from "../../config/stack-files.ts";
import type { SubjectAt } from "../doors.ts";
import { evaluate } from "../evaluate.ts";
import type { Exception } from "../exceptions.ts";
import { platformOf } from "../platform.ts";
import type { Recorded, Registration } from "../program/registrations.ts";
import { engineConfig } from "../program/runnable.ts";
import { sourcesOf } from "../program/sources.ts";
import type { Context, Manifest, Rule, Violation } from "../rule.ts";
import { objectName, resourceSubjects, stackSubject, whereOf } from "../subjects.ts";
import { placeIn } from "./place.ts";
import { atTheirRoot } from "./root-cause.ts";
import { faultsIn, schemaFinding, type Kinds } from "./schemas.ts";

/** What the rules know of an environment by its committed settings. */
export function contextOf({
  environment,
  settings,
}: Pick<StackFile, "environment" | "settings">): Context {
  return { environment, ...platformOf(engineConfig(settings)) };
}

/** What is known of an environment's stack without its account. */
export interface StackFacts {
  readonly stackFile: StackFile;
  readonly catalog: Catalog;
  /** The kinds of objects that its cluster knows. */
  readonly kinds: Kinds;
  /** What the program registers; undefined where it was not run. */
  readonly recorded: Recorded | undefined;
}

/**
 * The rules over an environment's committed settings, and over what the program makes of them; without a run of the
 * program over what it hands to Argo CD. Then what the API of the cluster would not take.
 *
 * @param root where the settings are
 */
export function stackFindings(
  root: string,
  rules: readonly Rule[],
  { stackFile, catalog, kinds, recorded }: StackFacts,
  exceptions: readonly Exception[],
  now: Date,
): Finding[] {
  const { environment } = stackFile;
  const context = contextOf(stackFile);
  const handed = handedToArgoCd(stackFile, catalog, context);
  const answer = recorded?.answer;
  const registered = answer && "resources" in answer ? answer.resources : undefined;
  const made: SubjectAt<"check", Place>[] = registered
    ? registeredSubjects(stackFile, registered, handed)
    : handed.map(({ source, manifest: value }) => ({
        ...{ face: "manifest", value, where: objectName(value), at: placesIn(source) },
      }));
  // The program runs on stand-ins where something is not decided yet, and rules compare with these.
  const madeContext =
    registered && recorded ? contextOf({ environment, settings: recorded.settings }) : context;
  // Without a run of the program nobody knows the names by which exceptions call what the settings lead to.
  const settingsExceptions = registered
    ? exceptions
    : exceptions.map((exception) => ({ ...exception, where: "" }));
  return [
    ...(answer && "error" in answer ? [refusal(stackFile, answer.error)] : []),
    ...atTheirRoot(rules, {
      settings: evaluate(
        rules,
        [settingsSubject(root, stackFile)],
        context,
        settingsExceptions,
        now,
      ),
      made: evaluate(rules, made, madeContext, [], now),
      madeUnexcepted: evaluate(rules, made, madeContext, exceptions, now),
    }),
    ...handed.flatMap(({ source, manifest }) =>
      (faultsIn(manifest, kinds) ?? []).map((fault) =>
        schemaFinding(manifest, fault, placesIn(source)(fault)),
      ),
    ),
    ...kinds.findings,
  ];
}

function settingsSubject(root: string, stackFile: StackFile): SubjectAt<"check", Place> {
  const { file, environment } = stackFile;
  const yaml = readYaml(file, readFileSync(join(root, file), "utf8"));
  return {
    face: "settings",
    value: committed(stackFile),
    where: `Stack ${environment}`,
    at: ({ path }) => {
      const [group = "", ...rest] = path.split(".");
      return yaml.placeOf(["config", `idp:${group}`, ...rest], "value");
    },
  };
}

/** The program's resources, each at the file that makes it; the stack as a whole at its settings. */
function registeredSubjects(
  { environment, file }: StackFile,
  resources: readonly Registration[],
  handed: readonly Handed[],
): SubjectAt<"check", Place>[] {
  const sources = new Map(handed.map(({ source, manifest }) => [objectName(manifest), source]));
  const componentOf = sourcesOf(codeRoot, resources);
  return [
    ...resources.flatMap((resource) =>
      resourceSubjects(resource, placesIn(sources.get(whereOf(resource)) ?? componentOf(resource))),
    ),
    stackSubject(resources, environment, () => ({ file, line: 1, column: 1 })),
  ];
}

/** The program refuses the settings, or cannot run. */
function refusal({ file }: StackFile, error: string): Finding {
  return finding(
    { file, line: 1, column: 1 },
    {
      rule: "program-runs",
      key: "",
      found: error,
      allowed: "must be accepted by the program",
      fix: "do what it says",
      reason: "Without a run of the program no rule sees what it would make.",
    },
  );
}

const codeRoot = join(import.meta.dirname, "../..");

function placesIn(source: string): ({ path }: Pick<Violation, "path">) => Place {
  return ({ path }) => placeIn(source, readFileSync(join(codeRoot, source), "utf8"), path);
}

/** An object that the program hands to Argo CD. */
interface Handed {
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

function handedToArgoCd(
  stackFile: StackFile,
  catalog: Catalog,
  { registryHost }: Context,
): Handed[] {
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
