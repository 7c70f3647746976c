import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../../state/folder.ts";
import { callerOf, parseAwsConfig } from "../account.ts";
import { Store } from "../store.ts";

/** The answer to `aws --version`. Only the number matters: tools require 2.7.0 or newer. */
const version = "aws-cli/2.31.0 idp-twin-double (a double of the AWS CLI: it has no AWS behind it)";

/** Exit code of the AWS CLI for a command line it does not understand. */
const usageError = 252;
/** Exit code of the AWS CLI when it has no usable credentials or configuration. */
const configurationError = 253;
/** Exit code of the AWS CLI when the service returns an error. */
const serviceError = 254;

/** Where the output goes, one call per line. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** A refusal with its exit code. */
class Refusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const cluster = "aws:eks/cluster:Cluster";

interface CommandLine {
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  readonly env: NodeJS.ProcessEnv;
}

const commands: Readonly<Record<string, (line: CommandLine) => unknown>> = {
  "eks describe-cluster": (line) => {
    const name = required(line, "name");
    const record = accountStore(line).read(cluster, name);
    if (record === undefined)
      throw notFound("DescribeCluster", `No cluster found for name: ${name}.`);
    const { version } = record.inputs;
    const { arn, status, endpoint, createdAt } = record.computed;
    return { cluster: { name, arn, createdAt, version, endpoint, status } };
  },
  "eks get-token": getToken,
  "eks update-kubeconfig": () => {
    throw new Refusal(usageError, "use: idp twin kubeconfig");
  },
  // The only one that changes the account: what EKS leaves there belongs to no stack.
  "logs delete-log-group": (line) => {
    const name = required(line, "log-group-name");
    const store = accountStore(line);
    if (store.read(logGroup, name) === undefined) {
      throw notFound("DeleteLogGroup", "The specified log group does not exist.");
    }
    store.delete(logGroup, name);
    return undefined;
  },
  "sts get-caller-identity": (line) => {
    const accountId = requireAccount(line);
    const caller = callerOf(accountId, profiles(line.env).get(profileOf(line))?.roleArn);
    const [, role] = /:role\/(?:.*\/)?([^/]+)$/.exec(caller) ?? [];
    return {
      UserId: role === undefined ? "AIDATWINTWINTWINTWIN1" : "AROATWINTWINTWINTWIN1:idp-twin",
      Account: accountId,
      Arn: role === undefined ? caller : `arn:aws:sts::${accountId}:assumed-role/${role}/idp-twin`,
    };
  },
  "ecr get-authorization-token": (line) => {
    const accountId = requireAccount(line);
    return {
      authorizationData: [
        {
          authorizationToken: Buffer.from(`AWS:${registryPassword}`).toString("base64"),
          expiresAt: new Date(Date.now() + 12 * 3600 * 1000).toISOString(),
          proxyEndpoint: `https://${accountId}.dkr.ecr.${regionOf(line)}.amazonaws.com`,
        },
      ],
    };
  },
  "ecr get-login-password": (line) => {
    requireAccount(line);
    return registryPassword;
  },
};

/** The twin's registry needs no password, but scripts need some text to pass on. */
const registryPassword = "idp-twin";

/**
 * Runs one command line of the AWS CLI, if the double plays it.
 * @returns the exit code, the same as the AWS CLI's where it defines one
 */
export function runAwsCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { out, error }: Streams,
): number {
  if (args[0] === "--version") {
    out(version);
    return 0;
  }
  try {
    const line = parse(args, env);
    const command = commands[line.words.join(" ")];
    if (command === undefined) {
      throw new Refusal(
        usageError,
        `aws: the double does not play "${line.words.join(" ")}". It plays: --version, ${Object.keys(commands).join(", ")} (twin/aws/cli/commands.ts)`,
      );
    }
    const answer = queried(command(line), line.options.get("query"));
    const asText = line.options.get("output") === "text" || line.words[1] === "get-login-password";
    if (answer !== undefined) {
      out(asText && typeof answer === "string" ? answer : JSON.stringify(answer, null, 2));
    }
    return 0;
  } catch (problem) {
    error(problem instanceof Error ? problem.message : String(problem));
    return problem instanceof Refusal ? problem.code : 255;
  }
}

/** Parses words and `--name value` options in any order: the kubeconfig puts --region before the command. */
function parse(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (!arg.startsWith("--")) {
      words.push(arg);
      continue;
    }
    const [name = "", value] = arg.slice(2).split("=", 2);
    options.set(name, value ?? args[++index] ?? "");
  }
  return { words, options, env };
}

function getToken(line: CommandLine): unknown {
  const name = required(line, "cluster-name");
  const clusters = join(stateDir(line.env), "clusters");
  const named = accountOf(line);
  const holders =
    named === undefined
      ? directories(clusters).filter((account) => existsSync(join(clusters, account, name)))
      : [named];
  const [accountId] = holders;
  if (accountId === undefined || holders.length > 1) {
    throw new Refusal(
      configurationError,
      holders.length === 0
        ? `No cluster found for name: ${name}. Fix: idp twin up`
        : `A cluster named ${name} is in the accounts ${holders.join(", ")}. Fix: set AWS_PROFILE to the one you mean`,
    );
  }
  const file = join(clusters, accountId, name, "cluster.json");
  return {
    kind: "ExecCredential",
    apiVersion: "client.authentication.k8s.io/v1beta1",
    spec: {},
    status: {
      expirationTimestamp: new Date(Date.now() + 14 * 60 * 1000).toISOString(),
      token: tokenIn(file, name, accountId),
    },
  };
}

function tokenIn(file: string, name: string, accountId: string): string {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw notFound(
      "DescribeCluster",
      `No cluster found for name: ${name} in account ${accountId} (${file})`,
    );
  }
  if (
    typeof content === "object" &&
    content !== null &&
    "token" in content &&
    typeof content.token === "string"
  ) {
    return content.token;
  }
  throw new Refusal(serviceError, `${file} has no token yet. Fix: idp twin up`);
}

function directories(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The answer of a service that has no such thing. */
function notFound(operation: string, message: string): Refusal {
  return new Refusal(
    serviceError,
    `An error occurred (ResourceNotFoundException) when calling the ${operation} operation: ${message}`,
  );
}

/** An option's value. Throws the CLI's own refusal without one. */
function required({ options }: CommandLine, name: string): string {
  const value = options.get(name);
  if (value !== undefined) return value;
  throw new Refusal(usageError, `aws: error: the following arguments are required: --${name}`);
}

function accountStore(line: CommandLine): Store {
  return new Store(join(stateDir(line.env), "aws", requireAccount(line)));
}

/** The account of --profile or AWS_PROFILE; undefined when neither is set. */
function accountOf(line: CommandLine): string | undefined {
  const profile = profileOf(line);
  if (profile === "") return undefined;
  const known = profiles(line.env).get(profile);
  if (known?.accountId === undefined) {
    throw new Refusal(configurationError, `The config profile (${profile}) could not be found`);
  }
  return known.accountId;
}

function requireAccount(line: CommandLine): string {
  const accountId = accountOf(line);
  if (accountId !== undefined) return accountId;
  throw new Refusal(
    configurationError,
    `Unable to locate credentials. Fix: set AWS_PROFILE to one of ${[...profiles(line.env).keys()].join(", ")}`,
  );
}

function regionOf(line: CommandLine): string {
  const { region } = profiles(line.env).get(profileOf(line)) ?? {};
  return line.options.get("region") ?? line.env["AWS_REGION"] ?? region ?? "us-west-2";
}

/** The profile of --profile or AWS_PROFILE; empty when neither is set. */
function profileOf({ options, env }: CommandLine): string {
  return options.get("profile") ?? env["AWS_PROFILE"] ?? "";
}

function profiles(env: NodeJS.ProcessEnv): ReturnType<typeof parseAwsConfig> {
  const file = env["AWS_CONFIG_FILE"] || join(stateDir(env), "aws/config");
  try {
    return parseAwsConfig(readFileSync(file, "utf8"));
  } catch {
    return new Map();
  }
}

/** Applies the part of JMESPath that scripts use: names, optionally followed by [n]. */
function queried(answer: unknown, query: string | undefined): unknown {
  if (query === undefined) return answer;
  let value = answer;
  for (const part of query.matchAll(/([A-Za-z]\w*)|\[(\d+)\]/g)) {
    const key = part[1] ?? part[2] ?? "";
    value =
      typeof value === "object" && value !== null
        ? (new Map<string, unknown>(Object.entries(value)).get(key) ?? null)
        : null;
  }
  return value;
}
