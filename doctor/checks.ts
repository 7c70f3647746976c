import { writerSecret, type Writer } from "../components/writer-secret.ts";
import type { Environment } from "../config/environments.ts";
import { undecidedAccount } from "../config/schema.ts";
import type { GithubAnswer } from "../github/read.ts";
import type { Repository } from "../github/repository.ts";
import type { Answer } from "../lib/ask.ts";
import { canonicalAddress } from "../lib/github-address.ts";
import { compareVersions } from "../lib/version.ts";

/** The result of a check: fine, for a person to look at, wrong, or impossible to check here. */
type Status = "ok" | "warning" | "failed" | "skipped";

/** One thing that was checked. */
export interface Check {
  /** The machine, the repository or an environment that it belongs to. */
  readonly about: "machine" | "repository" | Environment;
  readonly name: string;
  readonly status: Status;
  /** What was found, with what is allowed if it is not fine, or why it could not be checked. */
  readonly found: string;
  /** What to do; undefined when it is fine or was skipped. */
  readonly fix?: string;
}

type About = Pick<Check, "about" | "name">;

const ok = (about: About, found: string): Check => ({ ...about, status: "ok", found });
const failed = (about: About, found: string, fix: string): Check => ({
  ...about,
  status: "failed",
  found,
  fix,
});
const warning = (about: About, found: string, fix: string): Check => ({
  ...about,
  status: "warning",
  found,
  fix,
});

/** Returns a check that could not be made. */
export const skipped = (about: About, found: string): Check => ({
  ...about,
  status: "skipped",
  found,
});

/** A program that the users of this machine need. */
export interface NeededProgram {
  readonly name: string;
  /** Arguments that make it print its version. */
  readonly args: readonly string[];
  /** Oldest version that is accepted, such as `3.274.1` or `22.18`. */
  readonly least: string;
  /** What it is needed for, if it is not always needed. */
  readonly onlyFor?: string;
  readonly fix: string;
}

/**
 * Returns the programs that a machine needs to provision.
 * @param node oldest Node.js, from package.json
 * @param kubernetes newest minor version of the stacks' clusters, such as `1.36`
 */
export function neededPrograms(node: string, kubernetes: string): NeededProgram[] {
  const [major = "1", minor = "0"] = kubernetes.split(".");
  return [
    {
      name: "node",
      args: ["--version"],
      least: node,
      fix: `install Node.js ${node} or newer; make uses its own when the machine's is older`,
    },
    { name: "git", args: ["--version"], least: "2.30", fix: "install git 2.30 or newer" },
    {
      name: "pulumi",
      args: ["version"],
      least: "3.274.1",
      fix: "https://www.pulumi.com/docs/iac/download-install/",
    },
    {
      name: "aws",
      args: ["--version"],
      least: "2.7.0",
      fix: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    },
    {
      name: "kubectl",
      args: ["version", "--client", "--output", "json"],
      // A client may be one minor version older than the cluster (Kubernetes' version skew policy).
      least: `${major}.${Number(minor) - 1}`,
      fix: "https://kubernetes.io/docs/tasks/tools/",
    },
    {
      name: "argocd",
      args: ["version", "--client", "--short"],
      least: "3.0",
      onlyFor: "syncing prod",
      fix: "https://argo-cd.readthedocs.io/en/stable/cli_installation/",
    },
    {
      name: "gh",
      args: ["--version"],
      // `gh api --slurp`, which joins the pages of a list.
      least: "2.48",
      onlyFor: "GitHub's settings",
      fix: "https://cli.github.com, then gh auth login",
    },
    {
      name: "go",
      args: ["version"],
      least: "1.26",
      onlyFor: "the twin",
      fix: "https://go.dev/doc/install, if you want the twin on this machine",
    },
  ];
}

/** Checks that a program is there and new enough. */
export function programCheck(program: NeededProgram, answer: Answer): Check {
  const { name, least, onlyFor, fix } = program;
  const about = { about: "machine", name } as const;
  const wrong = onlyFor === undefined ? failed : warning;
  const need = `must be ${least} or newer${onlyFor === undefined ? "" : ` for ${onlyFor}`}`;
  if (answer.kind === "missing") return wrong(about, `not on PATH; ${need}`, fix);
  if (answer.kind === "refused") return wrong(about, `does not run: ${answer.message}`, fix);
  const version = /\d+\.\d+(?:\.\d+)?/.exec(answer.text)?.[0];
  if (version === undefined) return wrong(about, `prints no version; ${need}`, fix);
  return compareVersions(version, least) >= 0
    ? ok(about, version)
    : wrong(about, `${version}; ${need}`, fix);
}

/** Checks that Pulumi is logged in to its state backend. */
export function loginCheck(answer: Answer): Check {
  const about = { about: "machine", name: "state backend" } as const;
  if (answer.kind === "missing") return skipped(about, "there is no pulumi to ask");
  return answer.kind === "said"
    ? ok(about, `logged in as ${answer.text.trim()}`)
    : failed(
        about,
        `not logged in: ${answer.message}`,
        "pulumi login, or pulumi login s3://<bucket>: docs/operations.md",
      );
}

/** Checks that an environment's stack file names its account. */
export function decidedCheck(environment: Environment, accountId: string): Check {
  const about = { about: environment, name: "account" } as const;
  return accountId === undecidedAccount
    ? failed(
        about,
        `${accountId} in Pulumi.${environment}.yaml stands for "not decided"`,
        `npx idp init --${environment}-account <number>`,
      )
    : ok(about, accountId);
}

/** Checks that the credentials are for the account in the settings. */
export function credentialsCheck(
  environment: Environment,
  accountId: string,
  profile: string | undefined,
  answer: Answer,
): Check {
  const about = { about: environment, name: "credentials" } as const;
  const who = profile === undefined ? "the default credentials" : `profile ${profile}`;
  const fix = `aws sso login, and name the account's profile: npx idp doctor --profile ${environment}=<profile>`;
  if (answer.kind === "missing") return skipped(about, "there is no aws to ask");
  if (answer.kind === "refused") return failed(about, `${who}: ${answer.message}`, fix);
  const found = answer.text.trim();
  return found === accountId
    ? ok(about, `${who}, of account ${found}`)
    : failed(
        about,
        `${who}, of account ${found || "unknown"}; must be ${accountId}, as in Pulumi.${environment}.yaml`,
        fix,
      );
}

/** A limit of AWS that a new stack can reach. */
export interface Quota {
  readonly name: string;
  readonly service: string;
  readonly code: string;
  /** AWS CLI command that counts the present use; undefined where only the limit is compared. */
  readonly used?: readonly string[];
}

/** The quotas whose defaults a stack can exceed. */
export const quotas = {
  vpcs: {
    name: "VPCs",
    service: "vpc",
    code: "L-F678F1CE",
    used: ["ec2", "describe-vpcs", "--query", "length(Vpcs)"],
  },
  addresses: {
    name: "Elastic IPs",
    service: "ec2",
    code: "L-0263D0A3",
    used: ["ec2", "describe-addresses", "--query", "length(Addresses)"],
  },
  vcpus: { name: "vCPUs on demand", service: "ec2", code: "L-1216C47A" },
} as const satisfies Record<string, Quota>;

/**
 * Checks that a quota leaves room for what the stack will need.
 * @param answers the quota's value, and how much of it is used
 */
export function quotaCheck(
  environment: Environment,
  quota: Quota,
  needed: number,
  [limit, used]: readonly [Answer, Answer | undefined],
): Check {
  const about = { about: environment, name: quota.name } as const;
  const counts = [limit, used ?? ({ kind: "said", text: "0" } as const)].map(numberIn);
  const [most, taken] = counts;
  if (most === undefined || taken === undefined) {
    return skipped(about, `cannot be asked: ${whyNot(most === undefined ? limit : used)}`);
  }
  const found = `${most} in all, ${quota.used ? `${taken} used, ` : ""}${needed} needed`;
  return most - taken >= needed
    ? ok(about, found)
    : failed(
        about,
        found,
        `aws service-quotas request-service-quota-increase --service-code ${quota.service} --quota-code ${quota.code} --desired-value ${taken + needed}`,
      );
}

function numberIn(answer: Answer): number | undefined {
  const number = answer.kind === "said" ? Number(answer.text.trim() || NaN) : NaN;
  return Number.isNaN(number) ? undefined : number;
}

/** Returns in one line why there is no usable answer. */
function whyNot(answer: Answer | undefined): string {
  if (answer === undefined || answer.kind === "missing") return "there is no aws to ask";
  return answer.kind === "refused" ? answer.message : `the answer is not a number: ${answer.text}`;
}

/** Checks that EKS supports the cluster's version at the standard price. */
export function versionCheck(environment: Environment, version: string, answer: Answer): Check {
  const about = { about: environment, name: "Kubernetes" } as const;
  if (answer.kind !== "said") return skipped(about, `cannot be asked: ${whyNot(answer)}`);
  const fix = `set idp:cluster.version in Pulumi.${environment}.yaml, one minor version at a time: docs/runbooks/cluster-upgrade.md`;
  switch (answer.text.trim()) {
    case "STANDARD_SUPPORT":
      return ok(about, `${version}, in standard support`);
    case "EXTENDED_SUPPORT":
      return warning(about, `${version}, in extended support at six times the price`, fix);
    default:
      return failed(about, `${version}, which EKS does not support`, fix);
  }
}

/**
 * Checks that the account has a hosted zone for the domain of its services.
 * @param domain `idp:domain`; undefined when the services have no domain
 */
export function zoneCheck(
  environment: Environment,
  domain: string | undefined,
  answer: Answer | undefined,
): Check {
  const about = { about: environment, name: "DNS zone" } as const;
  if (domain === undefined || answer === undefined) {
    return skipped(about, "idp:domain is not set: the services have no domain");
  }
  if (answer.kind !== "said") return skipped(about, `cannot be asked: ${whyNot(answer)}`);
  const zones = answer.text.split(/\s+/).filter((zone) => zone !== "");
  const zone = zones.find((name) => `.${domain}.`.endsWith(`.${name}`));
  return zone === undefined
    ? warning(
        about,
        `this account's Route 53 has no zone for ${domain}`,
        `aws route53 create-hosted-zone --name ${domain} --caller-reference idp, unless the zone is elsewhere: the program makes no DNS records`,
      )
    : ok(about, `${zone} serves ${domain}`);
}

/** Checks that the clone comes from the repository that Argo CD reads. */
export function originCheck(wanted: string, answer: Answer): Check {
  const about = { about: "repository", name: "origin" } as const;
  if (answer.kind !== "said") {
    return warning(about, "this clone has no remote origin", `git remote add origin ${wanted}`);
  }
  const found = answer.text.trim();
  const [here, there] = [canonicalAddress(found), canonicalAddress(wanted)];
  if (here === there) return ok(about, found);
  return here.toLowerCase() === there.toLowerCase()
    ? warning(
        about,
        `${found}; the settings write it ${wanted}, and AWS tells upper from lower case`,
        "npx idp init --org <owner> --repository <name>, in the case that GitHub shows",
      )
    : warning(
        about,
        `${found}; Argo CD reads ${wanted}`,
        "npx idp init --org <owner> --repository <name>, if this clone is your own fork",
      );
}

/** Checks that the deployed branch can be read at the address that Argo CD reads. */
export function branchCheck(url: string, branch: string, answer: Answer): Check {
  const about = { about: "repository", name: "branch" } as const;
  const fix = `make sure that ${url} exists and can be read; a private one needs idp:githubApp: docs/stacks.md`;
  if (answer.kind !== "said")
    return warning(about, `${url} does not answer: ${whyNot(answer)}`, fix);
  return answer.text.includes(`refs/heads/${branch}`)
    ? ok(about, `${branch} of ${url}`)
    : failed(about, `${url} has no branch ${branch}`, `git push origin HEAD:${branch}`);
}

/** Checks that the repository is on GitHub, and may be administered by the login of `gh`. */
export function repositoryCheck(name: string, answer: GithubAnswer<Repository>): Check {
  const about = { about: "repository", name: "GitHub" } as const;
  if (answer.kind === "refused") return skipped(about, `cannot be asked: ${answer.why}`);
  if (answer.kind === "absent") {
    return failed(
      about,
      `there is no ${name}, or gh's login may not see it`,
      `gh auth status, then gh repo create ${name} --private`,
    );
  }
  const { visibility, permissions } = answer.value;
  return permissions?.admin
    ? ok(about, `${name}, ${visibility}`)
    : warning(
        about,
        `${name}, ${visibility}; gh's login does not administer it, so some settings cannot be read`,
        "gh auth login as an administrator of the repository",
      );
}

/** What an environment's settings say of its GitHub Apps. */
interface Apps {
  /** Whether Argo CD has an app, which reads: `idp:githubApp`. */
  readonly hasApp: boolean;
  /** The app that writes: `idp:images.writer`. */
  readonly writer: Writer | undefined;
}

/** Checks that the settings name an app with which Image Updater can write to the repository, and only that one writes. */
export function writerCheck(
  environment: Environment,
  { isUpdated, url, hasApp, writer }: Apps & { isUpdated: boolean; url: string },
): Check {
  const about = { about: environment, name: "GitHub App" } as const;
  if (!isUpdated) {
    return skipped(about, "nothing writes to git here");
  }
  if (!url.startsWith("https://github.com/")) return skipped(about, `${url} is not on GitHub`);
  if (writer) return ok(about, `app ${writer.appId} writes tags`);
  return failed(
    about,
    hasApp
      ? "idp:images.writer is not set: every preview could read the key with which Image Updater would write"
      : "idp:images.writer is not set: Image Updater cannot write tags to GitHub",
    `name the app that writes in Pulumi.${environment}.yaml: docs/stacks.md#two-github-apps`,
  );
}

/** Checks that Argo CD can read a private repository. */
export function readerCheck(environment: Environment, { hasApp }: Pick<Apps, "hasApp">): Check {
  const about = { about: environment, name: "GitHub App of Argo CD" } as const;
  return hasApp
    ? ok(about, "idp:githubApp is set")
    : failed(
        about,
        "idp:githubApp is not set: Argo CD cannot read the private repository, though this machine's login can",
        `pulumi config set --secret idp:githubApp -s ${environment} < github-app.json`,
      );
}

/**
 * Checks that nothing but the apps that write may push past the branch's ruleset: of Argo CD's app nobody here knows the
 * number, and every preview can read its key.
 * @param writers the apps of `idp:images.writer`; without any there is nothing to compare
 */
export function bypassCheck(writers: readonly number[], past: readonly number[]): Check[] {
  const others = past.filter((app) => !writers.includes(app));
  if (writers.length === 0 || others.length === 0) return [];
  return [
    warning(
      { about: "repository", name: "ruleset's bypass" },
      `app ${others.join(", ")} may push past the branch's ruleset, and writes no tags`,
      "take it off the ruleset's bypass list unless you know what it is for: it must never be the app of idp:githubApp",
    ),
  ];
}

/**
 * Checks that the cluster has the key of the app that writes.
 * @param answer of kubectl: the two numbers of the Secret in Base64, with a slash between them
 */
export function writerKeyCheck(environment: Environment, writer: Writer, answer: Answer): Check {
  const about = { about: environment, name: writerKeyName } as const;
  const { namespace, name } = writerSecret;
  const fix = `npx idp github writer-key ${environment} < <file>.pem`;
  if (answer.kind === "missing") return skipped(about, "there is no kubectl to ask");
  if (answer.kind === "refused") {
    return answer.message.includes("(NotFound)")
      ? failed(
          about,
          `the cluster has no Secret ${namespace}/${name}: Image Updater cannot write`,
          fix,
        )
      : skipped(about, `cannot be asked: ${answer.message}`);
  }
  const [appId, installationId] = answer.text
    .trim()
    .split("/")
    .map((text) => Buffer.from(text, "base64").toString());
  return appId === writer.appId && installationId === writer.installationId
    ? ok(about, `of app ${appId}, in Secret ${namespace}/${name}`)
    : failed(
        about,
        `Secret ${namespace}/${name} is of app ${appId ?? ""}, installation ${installationId ?? ""}; ` +
          `must be of ${writer.appId}, ${writer.installationId}, as in Pulumi.${environment}.yaml`,
        fix,
      );
}

/** Name of {@link writerKeyCheck}. */
export const writerKeyName = "key that writes";

/** Checks that each image of the environment's services has a publisher. */
export function publishersCheck(
  environment: Environment,
  images: readonly string[],
  published: readonly string[],
): Check {
  const about = { about: environment, name: "publishers" } as const;
  const lonely = images.filter((image) => !published.includes(image));
  return lonely.length === 0
    ? ok(about, `${images.length} image${images.length === 1 ? "" : "s"}, each with a publisher`)
    : warning(
        about,
        `nobody may push ${lonely.join(", ")}`,
        `name its repository under idp:github in Pulumi.${environment}.yaml: docs/stacks.md`,
      );
}

/** Checks that the npm packages are installed. */
export function packagesCheck(areInstalled: boolean): Check {
  const about = { about: "machine", name: "npm packages" } as const;
  return areInstalled ? ok(about, "installed") : failed(about, "not installed", "make install");
}

/** Returns whether any check has failed. */
export function hasFailed(checks: readonly Check[]): boolean {
  return checks.some(({ status }) => status === "failed");
}

/** Returns the checks as lines for a person; the last line counts them. */
export function checkLines(checks: readonly Check[]): string[] {
  const groups = [...new Set(checks.map(({ about }) => about))];
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  return [
    ...groups.flatMap((group) => [
      group,
      ...checks
        .filter(({ about }) => about === group)
        .flatMap(({ status, name, found, fix }) => [
          `  ${status.padEnd(7)}  ${name.padEnd(width)}  ${found}`,
          ...(fix === undefined ? [] : [`${" ".repeat(11)}Fix: ${fix}`]),
        ]),
      "",
    ]),
    `idp doctor: ${count("ok")} ok, ${count("warning")} to look at, ${count("failed")} failed, ${count("skipped")} skipped`,
  ];
}
