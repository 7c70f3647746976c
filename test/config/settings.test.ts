import { expect } from "chai";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { loadStack, parseGithubApp, parseSettings, readingApp } from "../../config/load.ts";
import { SettingsError } from "../../config/problems.ts";
import { undecidedAccount } from "../../config/schema.ts";
import { readStackFiles, type StackFile } from "../../config/stack-files.ts";
import { failure } from "../support/platform.ts";

const root = join(import.meta.dirname, "../..");
const files = readStackFiles(root);

/** The committed settings of a stack, as the engine hands them over, with one key changed. */
function configOf(stack: string, change: Record<string, unknown> = {}): Record<string, string> {
  const settings = files.find(({ environment }) => environment === stack)?.settings ?? {};
  const merged: Record<string, unknown> = { ...settings, ...change };
  return Object.fromEntries(
    Object.entries(merged)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [`idp:${key}`, JSON.stringify(value)]),
  );
}

function settingsOf(stack: string, key: string): Record<string, unknown> {
  const value = files.find(({ environment }) => environment === stack)?.settings[key];
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** Returns the message that refuses dev's settings after a change. */
function refusal(change: Record<string, unknown>, neighbours: readonly StackFile[] = []): string {
  return messageOf(() => parseSettings("dev", configOf("dev", change), neighbours));
}

function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return "accepted";
}

const set = (key: string) =>
  `    Fix: pulumi config set --path --type string 'idp:${key}' <value> -s dev`;
const edit = (key: string) => `    Fix: edit idp:${key} in Pulumi.dev.yaml`;
const dev = (key: string, change: Record<string, unknown>) => ({
  [key]: { ...settingsOf("dev", key), ...change },
});

const administrator = {
  name: "operators",
  principalArn: "arn:aws:iam::123456789012:role/operators",
  level: "cluster-admin",
};

describe("settings", () => {
  it("of dev are valid as committed", () => {
    const neighbours = files.filter(({ environment }) => environment !== "dev");
    const settings = parseSettings("dev", configOf("dev"), neighbours);
    expect(settings.aws).to.deep.equal(settingsOf("dev", "aws"));
    expect(settings.repository).to.deep.equal(settingsOf("dev", "repository"));
  });

  for (const stack of ["staging", "prod"]) {
    it(`of ${stack} lack nothing but perhaps the account's number`, () => {
      const aws = { ...settingsOf(stack, "aws"), accountId: undecidedAccount };
      expect(() => parseSettings(stack, configOf(stack, { aws }), [])).to.throw(
        SettingsError,
        `Pulumi.${stack}.yaml is not valid:\n` +
          `  idp:aws.accountId: found "000000000000"; is a placeholder: put in the number of this environment's account\n` +
          `    Fix: pulumi config set --path --type string 'idp:aws.accountId' <value> -s ${stack}`,
      );
      const decided = { ...aws, accountId: "100000000009" };
      const cluster = { ...settingsOf(stack, "cluster"), access: [administrator] };
      const config = configOf(stack, { aws: decided, cluster });
      expect(() => parseSettings(stack, config, [])).not.to.throw();
    });
  }

  it("of prod keep a person between git and the cluster", () => {
    const change = {
      aws: { ...settingsOf("prod", "aws"), accountId: "100000000003" },
      cluster: { ...settingsOf("prod", "cluster"), access: [administrator] },
    };
    const { argoCd, images, cluster } = parseSettings("prod", configOf("prod", change), []);
    expect(argoCd.sync).to.equal("manual");
    expect(images).to.deep.equal({ strategy: "pinned" });
    expect(cluster.deletionProtection).to.equal(true);
    expect(cluster.publicAccessCidrs).to.deep.equal([]);
  });

  const refused: [string, Record<string, unknown>, string][] = [
    [
      "an unknown key at the top",
      { clutser: { version: "1.36" } },
      `  idp:clutser: found {"version":"1.36"}; there is no such setting\n    Fix: pulumi config rm --path 'idp:clutser' -s dev`,
    ],
    [
      "an unknown key inside",
      dev("network", { natGateway: "Single" }),
      `  idp:network.natGateway: found "Single"; there is no such setting\n    Fix: pulumi config rm --path 'idp:network.natGateway' -s dev`,
    ],
    [
      "a missing key",
      dev("cluster", { version: undefined }),
      `  idp:cluster.version: found nothing; expected string, received undefined\n${set("cluster.version")}`,
    ],
    [
      "a missing group",
      { network: undefined },
      `  idp:network: found nothing; expected object, received undefined\n${edit("network")}`,
    ],
    [
      "a domain with a scheme",
      { domain: "https://example.com" },
      `  idp:domain: found "https://example.com"; must be a domain name such as example.com\n${set("domain")}`,
    ],
    [
      "a bad Kubernetes version",
      dev("cluster", { version: "1.36.1" }),
      `  idp:cluster.version: found "1.36.1"; must be a Kubernetes minor version such as "1.36"\n${set("cluster.version")}`,
    ],
    [
      "a bad Argo CD version",
      dev("argoCd", { version: "v3.6" }),
      `  idp:argoCd.version: found "v3.6"; must be a release such as 3.6.1, without a leading v\n${set("argoCd.version")}`,
    ],
    [
      "an account number that YAML took for a number",
      dev("aws", { accountId: 123456789012 }),
      `  idp:aws.accountId: found 123456789012; expected string, received number\n${set("aws.accountId")}`,
    ],
    [
      "a network with bits set after its prefix",
      dev("network", { cidr: "10.10.1.0/16" }),
      `  idp:network.cidr: found "10.10.1.0/16"; must be a network such as 10.10.0.0/16`,
    ],
    [
      "a network too small for three zones",
      dev("network", { cidr: "10.10.0.0/18" }),
      `  idp:network.cidr: found "10.10.0.0/18"; must be a /16 or /17: three zones need three /20 and three /24 subnets, each zone in a quarter\n${set("network.cidr")}`,
    ],
    ...["100.64.0.0/16", "172.32.0.0/16", "11.0.0.0/16", "192.169.0.0/17"].map(
      (outside): [string, Record<string, unknown>, string] => [
        `the network ${outside}, from which no load balancer would be let in`,
        dev("network", { cidr: outside }),
        `  idp:network.cidr: found "${outside}"; must be in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: ` +
          `a service's NetworkPolicy lets load balancers in from there\n${set("network.cidr")}`,
      ],
    ),
    [
      "a Local Zone",
      dev("network", { zones: ["us-west-2a", "us-west-2b", "us-west-2-lax-1a"] }),
      `  idp:network.zones[2]: found "us-west-2-lax-1a"; must be an availability zone such as us-west-2a\n${set("network.zones[2]")}`,
    ],
    [
      "two zones",
      dev("network", { zones: ["us-west-2a", "us-west-2b"] }),
      `  idp:network.zones: found ["us-west-2a","us-west-2b"]; must be three zones\n${edit("network.zones")}`,
    ],
    ...["us-west-2a", "us-east-1c"].map((third): [string, Record<string, unknown>, string] => [
      `${third} as a third zone`,
      dev("network", { zones: ["us-west-2a", "us-west-2b", third] }),
      `  idp:network.zones: found ["us-west-2a","us-west-2b","${third}"]; must be three different zones of us-west-2\n${edit("network.zones")}`,
    ]),
    [
      "an unknown NAT strategy",
      dev("network", { natGateways: "PerAz" }),
      `  idp:network.natGateways: found "PerAz"; expected one of "Single"|"OnePerAz"\n${set("network.natGateways")}`,
    ],
    [
      "a retention that CloudWatch does not know",
      dev("cluster", { logRetentionDays: 10 }),
      `  idp:cluster.logRetentionDays: found 10; expected one of 1|3|5|7|14`,
    ],
    [
      "a version of metrics-server that is none of EKS's",
      dev("cluster", { metricsServerVersion: "0.8.1" }),
      `  idp:cluster.metricsServerVersion: found "0.8.1"; must be a version of the EKS add-on such as v0.8.1-eksbuild.10\n${set("cluster.metricsServerVersion")}`,
    ],
    [
      "nodes without a ceiling",
      dev("cluster", { nodes: {} }),
      `  idp:cluster.nodes.maxVcpu: found nothing; expected number`,
    ],
    [
      "a ceiling that no node fits under",
      dev("cluster", { nodes: { maxVcpu: 1 } }),
      `  idp:cluster.nodes.maxVcpu: found 1; `,
    ],
    [
      "a ceiling under which a highly available Argo CD has no room",
      {
        ...dev("cluster", { nodes: { maxVcpu: 5 } }),
        ...dev("argoCd", { highAvailability: true }),
      },
      `  idp:cluster.nodes.maxVcpu: found 5; must be at least 6 where argoCd.highAvailability is true: its Pods need three nodes`,
    ],
    [
      "a maintenance window on a day that there is not",
      dev("cluster", {
        nodes: { maxVcpu: 16, maintenance: { days: ["Sunday"], startHour: 2, hours: 4 } },
      }),
      `  idp:cluster.nodes.maintenance.days[0]: found "Sunday"; expected one of "mon"|"tue"|"wed"|"thu"|"fri"|"sat"|"sun"`,
    ],
    [
      "a maintenance window twice on a day",
      dev("cluster", {
        nodes: { maxVcpu: 16, maintenance: { days: ["sun", "sun"], startHour: 2, hours: 4 } },
      }),
      `  idp:cluster.nodes.maintenance.days: found ["sun","sun"]; must name each day once`,
    ],
    [
      "a maintenance window of a whole day",
      dev("cluster", {
        nodes: { maxVcpu: 16, maintenance: { days: ["sun"], startHour: 24, hours: 24 } },
      }),
      `  idp:cluster.nodes.maintenance.hours: found 24; `,
    ],
    [
      "a protected cluster open to the world",
      dev("cluster", { deletionProtection: true }),
      `  idp:cluster.publicAccessCidrs: found ["0.0.0.0/0"]; must hold no network wider than /8 where deletionProtection is true: name the networks\n${edit("cluster.publicAccessCidrs")}`,
    ],
    [
      "two access entries with one name",
      dev("cluster", {
        access: ["a", "b"].map((role) => ({
          name: "operators",
          principalArn: `arn:aws:iam::123456789012:role/${role}`,
          level: "view",
        })),
      }),
      `must name each entry once, and provision, audit, preview belong to the workflows: "operators" is there twice\n${edit("cluster.access")}`,
    ],
    [
      "an access entry with the name of a workflow's entry",
      dev("cluster", {
        access: [
          { name: "preview", principalArn: "arn:aws:iam::123456789012:role/a", level: "view" },
        ],
      }),
      `"preview" is there twice\n${edit("cluster.access")}`,
    ],
    ...[
      "AWSReservedSSO_Admins_0123456789abcdef",
      "us-west-2/AWSReservedSSO_Admins_0123456789abcdef",
      "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admins",
    ].map((role): [string, Record<string, unknown>, string] => [
      `a role of IAM Identity Center as ${role}`,
      dev("cluster", {
        access: [
          { name: "a", principalArn: `arn:aws:iam::123456789012:role/${role}`, level: "view" },
        ],
      }),
      `  idp:cluster.access[0].principalArn: found "arn:aws:iam::123456789012:role/${role}"; ` +
        `must have the whole path of a role of IAM Identity Center, as this prints it: ` +
        `aws iam list-roles --path-prefix /aws-reserved/sso.amazonaws.com/ --query 'Roles[].Arn'\n` +
        set("cluster.access[0].principalArn"),
    ]),
    [
      "two access entries of one principal",
      dev("cluster", { access: [administrator, { ...administrator, name: "again" }] }),
      `must name each principal once, as EKS does: "arn:aws:iam::123456789012:role/operators" is there twice\n${edit("cluster.access")}`,
    ],
    [
      "a cluster that no person can reach",
      dev("cluster", { access: [] }),
      `  idp:cluster.access: found []; must name a cluster-admin of the whole cluster: no person could reach it. npx idp init --admin <role> adds one\n${edit("cluster.access")}`,
    ],
    [
      "a cluster without an administrator of all of it",
      dev("cluster", {
        access: [
          { ...administrator, namespaces: ["time-service"] },
          { name: "b", principalArn: "arn:aws:iam::123456789012:role/b", level: "admin" },
        ],
      }),
      "must name a cluster-admin of the whole cluster",
    ],
    [
      "an administrator of the placeholder account",
      dev("cluster", {
        access: [{ ...administrator, principalArn: `arn:aws:iam::${undecidedAccount}:role/a` }],
      }),
      `  idp:cluster.access[0].principalArn: found "arn:aws:iam::000000000000:role/a"; names the placeholder account: put in the number of this environment's account\n${set("cluster.access[0].principalArn")}`,
    ],
    [
      "the whole internet in two halves",
      dev("cluster", {
        deletionProtection: true,
        publicAccessCidrs: ["0.0.0.0/1", "128.0.0.0/1"],
      }),
      `must hold no network wider than /8`,
    ],
    [
      "a publisher whose role would have too long a name",
      dev("github", { publishers: [{ repository: "owner/a", image: `idp/${"a".repeat(34)}` }] }),
      `must have at most 37 characters: its role is named after it`,
    ],
    [
      "two publishers whose roles would have one name",
      dev("github", {
        publishers: ["idp/version", "idp-version"].map((image) => ({
          repository: "owner/a",
          image,
        })),
      }),
      `"idp-version" is there twice\n${edit("github.publishers")}`,
    ],
    [
      "image updates where a person syncs",
      dev("argoCd", { sync: "manual" }),
      `  idp:images.strategy: found "newest-build"; must be "pinned" where argoCd.sync is manual: nobody has approved what would be written to git\n${set("images.strategy")}`,
    ],
    [
      "an app that writes where nothing is written",
      { images: { strategy: "pinned", writer: { appId: "1", installationId: "2" } } },
      `  idp:images.writer: found {"appId":"1","installationId":"2"}; there is no such setting\n    Fix: pulumi config rm --path 'idp:images.writer' -s dev`,
    ],
    [
      "a soak where nobody promotes",
      { promotion: { soakMinutes: 60 } },
      `  idp:promotion: found {"soakMinutes":60}; must be left out where images.strategy is not "pinned": Image Updater writes the version, nobody promotes it\n${edit("promotion")}`,
    ],
    ...[
      [-1, "Too small: expected number to be >=0"],
      [20161, "Too big: expected number to be <=20160"],
      [1.5, "expected int, received number"],
      ["60", "expected number, received string"],
    ].map(([soakMinutes, allowed]): [string, Record<string, unknown>, string] => [
      `a soak of ${JSON.stringify(soakMinutes)} minutes`,
      { promotion: { soakMinutes } },
      `  idp:promotion.soakMinutes: found ${JSON.stringify(soakMinutes)}; ${allowed}\n    Fix: pulumi config set --path 'idp:promotion.soakMinutes' <value> -s dev`,
    ]),
    [
      "an app's number without quotes, and no installation",
      dev("images", { writer: { appId: 1 } }),
      `  idp:images.writer.appId: found 1; expected string, received number\n${set("images.writer.appId")}\n` +
        `  idp:images.writer.installationId: found nothing; expected string, received undefined\n${set("images.writer.installationId")}`,
    ],
    [
      "an app's name in place of its number",
      dev("images", { writer: { appId: "idp-writer", installationId: "2" } }),
      `  idp:images.writer.appId: found "idp-writer"; must be the app's number, in quotes\n${set("images.writer.appId")}`,
    ],
    [
      "an app that writes to a repository elsewhere",
      {
        ...dev("repository", { url: "https://git.example.com/acme/idp" }),
        ...dev("images", { writer: { appId: "1", installationId: "2" } }),
      },
      `  idp:images.writer: found {"appId":"1","installationId":"2"}; must be left out where repository.url is not on https://github.com: it is a GitHub App\n${edit("images.writer")}`,
    ],
    [
      "an unknown image strategy",
      { images: { strategy: "latest" } },
      `  idp:images.strategy: found "latest"; `,
    ],
    [
      "all of an owner's repositories in place of one",
      dev("github", { repository: "owner/*" }),
      `  idp:github.repository: found "owner/*"; must be <owner>/<repository> or, with GitHub's ids, <owner>@<id>/<repository>@<id>: exactly one repository\n${set("github.repository")}`,
    ],
    ...["acme@12/idp", "acme/idp@34", "acme@x/idp@34", "acme@12/idp@34/x", "repo:acme/idp"].map(
      (repository): [string, Record<string, unknown>, string] => [
        `the repository ${repository}`,
        dev("github", { publishers: [{ repository, image: "idp/localtime" }] }),
        `  idp:github.publishers[0].repository: found "${repository}"; must be <owner>/<repository> or`,
      ],
    ),
    [
      "the present form of the repository's name as the former one",
      dev("github", { repository: "acme@12/idp@34", formerly: "acme@12/idp@34" }),
      `  idp:github.formerly: found "acme@12/idp@34"; must differ from repository: it is the old form of its name`,
    ],
    [
      "a pattern as a publisher's former name",
      dev("github", {
        publishers: [{ repository: "acme@12/a@3", formerly: "acme/*", image: "idp/localtime" }],
      }),
      `  idp:github.publishers[0].formerly: found "acme/*"; must be <owner>/<repository> or`,
    ],
    ...["main", "refs/heads/*", "3f2a9c1", "refs/pull/1/merge"].map(
      (ref): [string, Record<string, unknown>, string] => [
        `${ref} as a ref of the platform's workflows`,
        dev("github", { workflowRefs: ["refs/heads/main", ref] }),
        `  idp:github.workflowRefs[1]: found "${ref}"; must be refs/heads/<branch>, refs/tags/<tag> or a commit of 40 hex digits`,
      ],
    ),
    [
      "more refs than a trust policy has room for",
      dev("github", { workflowRefs: ["1", "2", "3", "4"].map((tag) => `refs/tags/${tag}`) }),
      "  idp:github.workflowRefs: found ",
    ],
    [
      "a publisher's branch by a pattern",
      dev("github", {
        publishers: [{ repository: "acme/a", image: "idp/localtime", branch: "release/*" }],
      }),
      `  idp:github.publishers[0].branch: found "release/*"; must be the name of a branch`,
    ],
    [
      "a state's bucket given by its address",
      dev("github", {
        stateBackend: {
          bucket: "s3://acme",
          keyArn: "arn:aws:kms:us-west-2:935743309409:key/1234",
        },
      }),
      `  idp:github.stateBackend.bucket: found "s3://acme"; must be the name of an S3 bucket`,
    ],
    [
      "a state's key given by its alias",
      dev("github", { stateBackend: { bucket: "acme-state", keyArn: "alias/state" } }),
      `  idp:github.stateBackend.keyArn: found "alias/state"; must be the ARN of a KMS key`,
    ],
    [
      "a runner's connection given by its name",
      dev("github", { runner: { connectionArn: "github" } }),
      `  idp:github.runner.connectionArn: found "github"; must be the ARN of a CodeConnections connection`,
    ],
    [
      "a repository over plain HTTP",
      dev("repository", { url: "http://git.example/idp" }),
      `  idp:repository.url: found "http://git.example/idp"; must be an https address without a trailing slash\n${set("repository.url")}`,
    ],
  ];
  for (const [what, change, message] of refused) {
    it(`refuse ${what}`, () => {
      expect(refusal(change)).to.include(`Pulumi.dev.yaml is not valid:\n`).and.include(message);
    });
  }

  it("take a repository with GitHub's ids, and its former name", () => {
    const github = {
      repository: "acme@12/idp@34",
      formerly: "acme/idp",
      publishers: [{ repository: "acme@12/time-service@56", image: "idp/localtime" }],
    };
    expect(parseSettings("dev", configOf("dev", { github }), []).github).to.deep.equal(github);
  });

  it("accept each private network, and three zones of the region in any order", () => {
    for (const cidr of ["10.250.0.0/16", "172.16.0.0/16", "172.31.128.0/17", "192.168.0.0/16"]) {
      const zones = ["us-west-2d", "us-west-2a", "us-west-2b"];
      expect(refusal(dev("network", { cidr, zones }))).to.equal("accepted");
    }
  });

  it("accept a role of IAM Identity Center with its path, and roles and users of other paths", () => {
    const access = [
      "role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Admins_0123456789abcdef",
      "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Team_A_0123456789abcdef",
      "role/team/Admins",
      "user/AWSReservedSSO/somebody",
    ].map((principal, index) => ({
      name: `a${index}`,
      principalArn: `arn:aws:iam::935743309409:${principal}`,
      level: "cluster-admin",
    }));
    expect(refusal(dev("cluster", { access }))).to.equal("accepted");
  });

  it("name every problem in one error", () => {
    const message = refusal({
      ...dev("aws", { region: "Oregon" }),
      ...dev("cluster", { version: "1.3" }),
      extra: 1,
    });
    expect([...message.matchAll(/^ {2}(idp:[\w.]+):/gm)].map(([, key]) => key)).to.deep.equal([
      "idp:aws.region",
      "idp:cluster.version",
      "idp:extra",
    ]);
  });

  it("refuse another environment's addresses", () => {
    const message = refusal(dev("network", { cidr: "10.20.0.0/17" }), files.slice(1));
    expect(message).to.include(
      `  idp:network.cidr: found "10.20.0.0/17"; must not overlap 10.20.0.0/16 of staging (Pulumi.staging.yaml)\n${set("network.cidr")}`,
    );
  });

  it("refuse another environment's account", () => {
    const neighbour: StackFile = {
      environment: "prod",
      file: "Pulumi.prod.yaml",
      settings: { aws: { accountId: "123456789012" } },
    };
    expect(refusal(dev("aws", { accountId: "123456789012" }), [neighbour])).to.include(
      `  idp:aws.accountId: found "123456789012"; must not be the account of prod (Pulumi.prod.yaml)\n${set("aws.accountId")}`,
    );
  });

  it("ignore a neighbour's other mistakes", () => {
    const neighbour: StackFile = {
      environment: "prod",
      file: "Pulumi.prod.yaml",
      settings: { aws: "broken", network: { cidr: 7 } },
    };
    expect(refusal({}, [neighbour])).to.equal("accepted");
  });

  it("ignore other packages' configuration", () => {
    const config = { ...configOf("dev"), "aws:region": "us-east-1", "pulumi:tags": "{}" };
    expect(() => parseSettings("dev", config, [])).not.to.throw();
  });
});

describe("loadStack", () => {
  const load = async (
    stack: string,
    config: Record<string, string>,
    stackFiles: readonly StackFile[] = files,
  ) => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "idp",
      stack,
    );
    pulumi.runtime.setAllConfig(config);
    return loadStack(stackFiles);
  };

  it("refuses a stack that is not an environment", async () => {
    let message = "";
    try {
      await load("production", {});
    } catch (error) {
      message = String(error);
    }
    expect(message).to.include(
      `Stack "production" is not an environment of this platform; allowed: dev, staging, prod. Fix: pulumi stack select <environment>`,
    );
  });

  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const githubApp = { appId: "1", installationId: "2", privateKey };
  const writer = { appId: "3", installationId: "4" };
  const devImages = { ...settingsOf("dev", "images"), writer: undefined };
  const withApp = (
    value: unknown,
    stackFiles: readonly StackFile[] = files,
    images: object = { ...devImages, writer },
  ) =>
    load(
      "dev",
      {
        ...configOf("dev"),
        "idp:images": JSON.stringify(images),
        "idp:githubApp": JSON.stringify(value),
      },
      stackFiles,
    );
  const fix =
    "    Fix: jq -n --arg appId <number> --arg installationId <number> --rawfile privateKey <file>.pem '$ARGS.named' | " +
    "pulumi config set --secret idp:githubApp -s dev";

  /** Returns why a stack's settings, with these credentials of the app, cannot be loaded. */
  async function refusalOf(stackFiles: readonly StackFile[], images?: object): Promise<string> {
    try {
      await withApp(githubApp, stackFiles, images);
    } catch (error) {
      return error instanceof pulumi.RunError ? error.message : `a stack trace: ${String(error)}`;
    }
    return "accepted";
  }

  it("reads the app's credentials as a secret", async () => {
    const stack = await withApp(githubApp);
    expect(await new Promise((resolve) => stack.githubApp?.apply(resolve))).to.deep.equal(
      githubApp,
    );
    expect(stack.githubApp && (await pulumi.isSecret(stack.githubApp))).to.equal(true);
  });

  it("says what the app's key is if it is none, and how to write it", () => {
    const escaped = privateKey.replaceAll("\n", "\\n");
    const text = JSON.stringify({ ...githubApp, privateKey: escaped });
    expect(() => parseGithubApp("dev", text)).to.throw(
      SettingsError,
      "Pulumi.dev.yaml is not valid:\n" +
        "  idp:githubApp.privateKey: found a key whose line ends are the two characters \\ and n; " +
        "must be the whole .pem file that the app's page on GitHub gave, unchanged\n" +
        fix,
    );
  });

  for (const [what, value, problems] of [
    ["a key in place of the JSON", privateKey, ["githubApp: found a secret; expected object"]],
    [
      "an app's number without quotes",
      { ...githubApp, appId: 1 },
      ["githubApp.appId: found a secret; expected string"],
    ],
    [
      "a key under another name",
      { appId: "1", installationId: "2", [privateKey]: "" },
      [
        "githubApp.privateKey: found a secret; expected string",
        "githubApp: found a secret; may have appId, installationId, privateKey and nothing else",
      ],
    ],
  ] as const) {
    it(`refuses ${what} and shows nothing of it`, () => {
      const message = messageOf(() => parseGithubApp("dev", JSON.stringify(value)));
      for (const problem of problems) expect(message).to.include(`  idp:${problem}`);
      expect(message).to.include(fix);
      expect(message).not.to.include(privateKey.slice(40, 80));
    });
  }

  it("refuses the app's credentials in clear text in the stack file, and shows nothing of them", async () => {
    const inClear = files.map((file) =>
      file.environment === "dev" ? { ...file, settings: { ...file.settings, githubApp } } : file,
    );
    expect(await refusalOf(inClear)).to.equal(
      "Pulumi.dev.yaml is not valid:\n" +
        "  idp:githubApp: found it in clear text; must be a secret; make a new key on the app's page, because git keeps this one\n" +
        fix,
    );
    const encrypted = files.map((file) => ({
      ...file,
      settings: { ...file.settings, githubApp: { secure: "v1:abc" } },
    }));
    expect(await refusalOf(encrypted)).to.equal("accepted");
  });

  const second =
    "    Fix: make a second app (docs/stacks.md#two-github-apps), then " +
    "pulumi config set --path --type string 'idp:images.writer.appId' <number> -s dev and " +
    "pulumi config set --path --type string 'idp:images.writer.installationId' <number> -s dev";

  it("refuses an app without one that writes beside it, where something writes", async () => {
    expect(await refusalOf(files, devImages)).to.equal(
      "Pulumi.dev.yaml is not valid:\n" +
        "  idp:images.writer: found nothing; must name the app that writes tags: " +
        "idp:githubApp only reads, because every preview can read its key\n" +
        second,
    );
    expect(await refusalOf(files, { strategy: "pinned" })).to.equal("accepted");
  });

  it("refuses an app that writes anywhere as the one that reads", () => {
    const stacks = (devs: string, stagings: string) =>
      [
        ["dev", devs],
        ["staging", stagings],
      ].map(([stack, appId]) => {
        const file = files.find(({ environment }) => environment === stack);
        if (!file) throw new Error(`there is no ${stack}`);
        const images = { ...settingsOf(file.environment, "images"), writer: { ...writer, appId } };
        return { environment: file.environment, settings: { images } };
      });
    const pinned = { environment: "prod", settings: { images: { strategy: "pinned" } } } as const;
    for (const [stack, all, where] of [
      ["dev", stacks("1", "3"), "dev"],
      ["dev", stacks("3", "1"), "staging"],
      ["prod", [...stacks("3", "1"), pinned], "staging"],
    ] as const) {
      expect(messageOf(() => readingApp(stack, githubApp, all))).to.equal(
        `Pulumi.${stack}.yaml is not valid:\n` +
          `  idp:githubApp: found the app of idp:images.writer in Pulumi.${where}.yaml; ` +
          "must be another app, which only reads: every preview can read its key\n" +
          fix.replace("-s dev", `-s ${stack}`),
      );
    }
    expect(readingApp("dev", githubApp, [...stacks("3", "3"), pinned])).to.equal(githubApp);
  });

  it("refuses the app that writes in the very stack that is loaded", async () => {
    const stack = await withApp({ ...githubApp, appId: writer.appId });
    if (!stack.githubApp) throw new Error("there is an app");
    expect(await failure(pulumi.isSecret(stack.githubApp))).to.include(
      "found the app of idp:images.writer in Pulumi.dev.yaml",
    );
  });

  it("shows nothing of a key that stands among the settings", () => {
    const images = JSON.stringify({ ...devImages, writer: { ...writer, privateKey } });
    const message = messageOf(() =>
      parseSettings("dev", { ...configOf("dev"), "idp:images": images }, []),
    );
    expect(message).to.equal(
      "Pulumi.dev.yaml is not valid:\n" +
        "  idp:images.writer.privateKey: found a private key, which git must not hold; there is no such setting\n" +
        "    Fix: pulumi config rm --path 'idp:images.writer.privateKey' -s dev",
    );
  });

  it("has no credentials if none are given", async () => {
    expect((await load("dev", configOf("dev"))).githubApp).to.equal(undefined);
  });
});
