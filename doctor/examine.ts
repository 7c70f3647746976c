import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { imageNames, type Catalog } from "../catalog/read.ts";
import type { Environment } from "../config/environments.ts";
import { undecidedAccount } from "../config/schema.ts";
import type { StackFile } from "../config/stack-files.ts";
import { nodesFor } from "../cost/estimate.ts";
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
  zoneCheck,
  type Answer,
  type Check,
  type Quota,
} from "./checks.ts";

/** Asks a program of the machine one thing. Never throws. */
export type Ask = (program: string, args: readonly string[]) => Promise<Answer>;

/** What is examined. */
export interface Patient {
  /** The repository's root. */
  readonly root: string;
  /** Settings of the environments: the committed ones, or the twin's. */
  readonly stackFiles: readonly StackFile[];
  readonly catalogs: readonly Catalog[];
  /** Profiles of the AWS CLI that somebody named. */
  readonly profiles: Readonly<Partial<Record<Environment, string>>>;
  /** Oldest Node.js that serves. */
  readonly node: string;
}

const Facts = z.object({
  aws: z.object({ accountId: z.string(), region: z.string(), profile: z.string().optional() }),
  repository: z.object({ url: z.string(), branch: z.string() }),
  domain: z.string().optional(),
  network: z.object({ natGateways: z.string() }),
  cluster: z.object({ version: z.string() }),
  images: z.object({ strategy: z.string() }),
  argoCd: z.object({ highAvailability: z.boolean() }),
  github: z.object({ publishers: z.array(z.object({ image: z.string() })) }),
  githubApp: z.unknown().optional(),
});
type Facts = z.infer<typeof Facts>;

/** Everything that can be found out of a machine, a fork and its accounts. */
export async function examine(patient: Patient, ask: Ask): Promise<Check[]> {
  const stacks = patient.stackFiles.map((file) => ({
    environment: file.environment,
    facts: factsOf(file),
  }));
  const versions = stacks.map(({ facts }) => facts.cluster.version).sort(byNumber);
  const [first] = stacks;
  const checks = await Promise.all([
    ...neededPrograms(patient.node, versions.at(-1) ?? "1.36").map(async (program) =>
      programCheck(program, await ask(program.name, program.args)),
    ),
    ask("pulumi", ["whoami", "--non-interactive"]).then(loginCheck),
    ...(first ? repositoryChecks(patient.root, first.facts, ask) : []),
    ...stacks.map(({ environment, facts }) => accountChecks(environment, facts, patient, ask)),
  ]);
  const packages = packagesCheck(existsSync(join(patient.root, "node_modules/.package-lock.json")));
  return [packages, ...checks.flat()];
}

function byNumber(a: string, b: string): number {
  return Number(a.split(".")[1]) - Number(b.split(".")[1]);
}

function factsOf({ file, settings }: StackFile): Facts {
  const parsed = Facts.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new Error(
    `${file} cannot be examined:\n${z.prettifyError(parsed.error)}\nFix: npx idp check says all that is wrong with it`,
  );
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

async function accountChecks(
  environment: Environment,
  facts: Facts,
  { catalogs, profiles }: Patient,
  ask: Ask,
): Promise<Check[]> {
  const { aws, repository, images, github, domain } = facts;
  const catalog = catalogs.find((candidate) => candidate.environment === environment);
  const profile = profiles[environment] ?? aws.profile;
  const askAws = (...args: readonly string[]) =>
    ask("aws", [
      ...args,
      ...["--output", "text", "--region", aws.region],
      ...(profile === undefined ? [] : ["--profile", profile]),
    ]);
  const offline = [
    decidedCheck(environment, aws.accountId),
    writerCheck(environment, {
      isUpdated: images.strategy !== "pinned",
      url: repository.url,
      hasApp: facts.githubApp !== undefined,
    }),
    publishersCheck(
      environment,
      catalog ? imageNames(catalog) : [],
      github.publishers.map(({ image }) => image),
    ),
  ];
  const why = (reason: string) =>
    [...Object.values(quotas).map(({ name }) => name), "Kubernetes", "DNS zone"].map((name) =>
      skipped({ about: environment, name }, reason),
    );
  if (aws.accountId === undecidedAccount) {
    const reason = "the account is not decided";
    return [
      ...offline,
      skipped({ about: environment, name: "credentials" }, reason),
      ...why(reason),
    ];
  }
  const credentials = credentialsCheck(
    environment,
    aws.accountId,
    profile,
    await askAws("sts", "get-caller-identity", "--query", "Account"),
  );
  if (credentials.status !== "ok") {
    return [...offline, credentials, ...why("no credentials of the account")];
  }
  const [room, version, zones] = await Promise.all([
    quotaChecks(environment, facts, catalog, askAws),
    askAws(
      ...["eks", "describe-cluster-versions", "--cluster-versions", facts.cluster.version],
      ...["--query", "clusterVersions[0].versionStatus"],
    ),
    domain === undefined
      ? undefined
      : askAws("route53", "list-hosted-zones", "--query", "HostedZones[].Name"),
  ]);
  return [
    ...offline,
    credentials,
    ...room,
    versionCheck(environment, facts.cluster.version, version),
    zoneCheck(environment, domain, zones),
  ];
}

async function quotaChecks(
  environment: Environment,
  { network, argoCd }: Facts,
  catalog: Catalog | undefined,
  askAws: (...args: readonly string[]) => Promise<Answer>,
): Promise<Check[]> {
  const cluster = await askAws(
    ...["eks", "describe-cluster", "--name", `idp-${environment}`, "--query", "cluster.status"],
  );
  const nodes = Math.max(argoCd.highAvailability ? 3 : 1, nodesFor(catalog?.services ?? []));
  const needed: Readonly<Record<keyof typeof quotas, number>> = {
    vpcs: 1,
    addresses: network.natGateways === "Single" ? 1 : 3,
    // Two a node; while a new version comes in, each may have a second beside it.
    vcpus: nodes * 2 * 2,
  };
  const check = async (quota: Quota, number: number): Promise<Check> => {
    if (cluster.kind === "said") {
      return skipped(
        { about: environment, name: quota.name },
        "the stack is there: it has what it needs",
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
