import { existsSync } from "node:fs";
import { join } from "node:path";
import { imageNames, type Catalog } from "../catalog/read.ts";
import { writerSecret } from "../components/writer-secret.ts";
import { committed, required } from "../config/committed.ts";
import { clusterNameOf, type Environment } from "../config/environments.ts";
import { undecidedAccount } from "../config/schema.ts";
import type { StackFile } from "../config/stack-files.ts";
import { nodesFor } from "../cost/estimate.ts";
import { platformOf } from "../cost/stack-cost.ts";
import type { Ask, Answer } from "../lib/ask.ts";
import { githubRepository } from "../lib/github-address.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { compareVersions } from "../lib/version.ts";
import {
  branchCheck,
  credentialsCheck,
  decidedCheck,
  loginCheck,
  neededPrograms,
  originCheck,
  packagesCheck,
  programCheck,
  publishersCheck,
  quotaCheck,
  quotas,
  skipped,
  versionCheck,
  writerCheck,
  writerKeyCheck,
  writerKeyName,
  zoneCheck,
  type Check,
  type Quota,
} from "./checks.ts";
import { githubChecks } from "./github.ts";
import { subjectChecks } from "./subjects.ts";

/** What to examine. */
export interface Patient {
  /** The repository's root. */
  readonly root: string;
  /** The environments' settings: the committed ones, or the twin's. */
  readonly stackFiles: readonly StackFile[];
  readonly catalogs: readonly Catalog[];
  /** AWS CLI profiles that the user named. */
  readonly profiles: Readonly<Partial<Record<Environment, string>>>;
  /** Oldest Node.js that is accepted. */
  readonly node: string;
}

/** The parts of an environment's settings that are examined. */
type Facts = ReturnType<typeof factsOf>;

/** Returns the checks of a machine, a fork and its accounts. */
export async function examine(patient: Patient, ask: Ask): Promise<Check[]> {
  const stacks = patient.stackFiles.map((file) => ({
    environment: file.environment,
    facts: factsOf(file),
  }));
  const versions = stacks.map(({ facts }) => facts.version).sort(compareVersions);
  const [first] = stacks;
  const checks = await Promise.all([
    ...neededPrograms(patient.node, versions.at(-1) ?? "1.36").map(async (program) =>
      programCheck(program, await ask(program.name, program.args)),
    ),
    ask("pulumi", ["whoami", "--non-interactive"]).then(loginCheck),
    ...(first ? repositoryChecks(patient.root, first.facts, ask) : []),
    first ? onGithub(first.facts, stacks, ask) : [],
    ...stacks.map(({ environment, facts }) => accountChecks(environment, facts, patient, ask)),
  ]);
  const packages = packagesCheck(existsSync(join(patient.root, "node_modules/.package-lock.json")));
  return [packages, ...checks.flat()];
}

function factsOf(file: StackFile) {
  const { aws, domain, githubApp } = committed(file);
  return {
    accountId: required(file, ({ aws }) => aws.accountId),
    region: required(file, ({ aws }) => aws.region),
    profile: aws.profile,
    repository: {
      url: required(file, ({ repository }) => repository.url),
      branch: required(file, ({ repository }) => repository.branch),
    },
    domain,
    natGateways: required(file, ({ network }) => network.natGateways),
    version: required(file, ({ cluster }) => cluster.version),
    strategy: required(file, ({ images }) => images.strategy),
    highAvailability: required(file, ({ argoCd }) => argoCd.highAvailability),
    platform: {
      repository: required(file, ({ github }) => github.repository),
      formerly: committed(file).github.formerly,
    },
    publishers: required(file, ({ github }) => github.publishers),
    hasApp: githubApp !== undefined,
    writer: committed(file).images.writer,
    publicAccessCidrs: required(file, ({ cluster }) => cluster.publicAccessCidrs),
    stateBackend: committed(file).github.stateBackend,
  };
}

function repositoryChecks(root: string, { repository }: Facts, ask: Ask): Promise<Check>[] {
  const { url, branch } = repository;
  return [
    ask("git", ["-C", root, "remote", "get-url", "origin"]).then((answer) =>
      originCheck(url, answer),
    ),
    ask("git", ["ls-remote", "--heads", url, branch]).then((answer) =>
      branchCheck(url, branch, answer),
    ),
  ];
}

/** Returns no checks where Argo CD reads a repository that is elsewhere, as in the twin. */
async function onGithub(
  { repository: { url, branch } }: Facts,
  stacks: readonly { readonly environment: Environment; readonly facts: Facts }[],
  ask: Ask,
): Promise<Check[]> {
  const name = githubRepository(url);
  if (name === undefined) return [];
  const trusted = stacks.map(({ environment, facts: { platform, publishers } }) => ({
    environment,
    repositories: [platform, ...publishers].map(({ repository, formerly }) => ({
      repository,
      formerly,
    })),
  }));
  const checks = await Promise.all([
    githubChecks(name, branch, stacks, ask),
    subjectChecks(trusted, ask),
  ]);
  return checks.flat();
}

async function accountChecks(
  environment: Environment,
  facts: Facts,
  { catalogs, profiles }: Patient,
  ask: Ask,
): Promise<Check[]> {
  const { accountId, region, repository, domain } = facts;
  const catalog = catalogs.find((candidate) => candidate.environment === environment);
  const profile = profiles[environment] ?? facts.profile;
  const askAws = (...args: readonly string[]) =>
    ask("aws", [
      ...args,
      ...["--output", "text", "--region", region],
      ...(profile === undefined ? [] : ["--profile", profile]),
    ]);
  const offline = [
    decidedCheck(environment, accountId),
    writerCheck(environment, {
      isUpdated: facts.strategy !== "pinned",
      url: repository.url,
      hasApp: facts.hasApp,
      writer: facts.writer,
    }),
    publishersCheck(
      environment,
      catalog ? imageNames(catalog) : [],
      facts.publishers.map(({ image }) => image),
    ),
  ];
  const { writer } = facts;
  const why = (reason: string) =>
    [
      ...[...Object.values(quotas).map(({ name }) => name), "Kubernetes", "DNS zone"],
      ...(writer ? [writerKeyName] : []),
    ].map((name) => skipped({ about: environment, name }, reason));
  if (accountId === undecidedAccount) {
    const reason = "the account is not decided";
    return [
      ...offline,
      skipped({ about: environment, name: "credentials" }, reason),
      ...why(reason),
    ];
  }
  const credentials = credentialsCheck(
    environment,
    accountId,
    profile,
    await askAws("sts", "get-caller-identity", "--query", "Account"),
  );
  if (credentials.status !== "ok") {
    return [...offline, credentials, ...why("no credentials of the account")];
  }
  const [room, version, zones, key] = await Promise.all([
    quotaChecks(environment, facts, catalog, askAws),
    askAws(
      ...["eks", "describe-cluster-versions", "--cluster-versions", facts.version],
      ...["--query", "clusterVersions[0].versionStatus"],
    ),
    domain === undefined
      ? undefined
      : askAws("route53", "list-hosted-zones", "--query", "HostedZones[].Name"),
    writer && writerKey(environment, askAws, ask),
  ]);
  return [
    ...offline,
    credentials,
    ...room,
    versionCheck(environment, facts.version, version),
    zoneCheck(environment, domain, zones),
    ...(writer && key ? [writerKeyCheck(environment, writer, key)] : []),
  ];
}

/** Asks the cluster for the two numbers in the Secret of the app that writes, and not for its key. */
function writerKey(
  environment: Environment,
  askAws: (...args: readonly string[]) => Promise<Answer>,
  ask: Ask,
): Promise<Answer> {
  const { namespace, name } = writerSecret;
  const numbers = "{.data.githubAppID}/{.data.githubAppInstallationID}";
  return inScratchFolder("kubeconfig", async (scratch) => {
    const file = join(scratch, environment);
    const made = await askAws(
      ...["eks", "update-kubeconfig", "--kubeconfig", file, "--name", clusterNameOf(environment)],
    );
    return made.kind === "said"
      ? ask("kubectl", [
          ...["--kubeconfig", file, "--request-timeout", "10s", "--namespace", namespace],
          ...["get", "secret", name, "--output", `jsonpath=${numbers}`],
        ])
      : made;
  });
}

async function quotaChecks(
  environment: Environment,
  { natGateways, highAvailability, strategy }: Facts,
  catalog: Catalog | undefined,
  askAws: (...args: readonly string[]) => Promise<Answer>,
): Promise<Check[]> {
  const cluster = await askAws(
    ...[
      "eks",
      "describe-cluster",
      "--name",
      clusterNameOf(environment),
      "--query",
      "cluster.status",
    ],
  );
  const nodes = nodesFor(catalog?.services ?? [], platformOf(highAvailability, strategy));
  const needed: Readonly<Record<keyof typeof quotas, number>> = {
    vpcs: 1,
    addresses: natGateways === "Single" ? 1 : 3,
    // Two for each node. While a new version rolls out, each may have a second one beside it.
    vcpus: nodes * 2 * 2,
  };
  const check = async (quota: Quota, number: number): Promise<Check> => {
    if (cluster.kind === "said") {
      return skipped(
        { about: environment, name: quota.name },
        "the stack exists and has what it needs",
      );
    }
    const { service, code, used } = quota;
    return quotaCheck(
      environment,
      quota,
      number,
      await Promise.all([
        askAws(
          ...["service-quotas", "get-service-quota", "--service-code", service],
          ...["--quota-code", code, "--query", "Quota.Value"],
        ),
        used && askAws(...used),
      ]),
    );
  };
  return Promise.all([
    check(quotas.vpcs, needed.vpcs),
    check(quotas.addresses, needed.addresses),
    check(quotas.vcpus, needed.vcpus),
  ]);
}
