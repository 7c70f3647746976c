import { expect } from "chai";
import { execa } from "execa";
import { join } from "node:path";
import type { Catalog } from "../../catalog/read.ts";
import { environments } from "../../config/environments.ts";
import { parseStackFile } from "../../config/stack-files.ts";
import {
  branchCheck,
  checkLines,
  credentialsCheck,
  hasFailed,
  neededPrograms,
  originCheck,
  programCheck,
  publishersCheck,
  quotaCheck,
  quotas,
  repositoryCheck,
  versionCheck,
  writerCheck,
  writerKeyCheck,
  zoneCheck,
  type Check,
} from "../../doctor/checks.ts";
import { examine } from "../../doctor/examine.ts";
import type { Answer, Ask } from "../../lib/ask.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { goldenStackFiles } from "../support/golden.ts";

const said = (text: string): Answer => ({ kind: "said", text });
const refused: Answer = { kind: "refused", message: "AccessDenied" };
const missing: Answer = { kind: "missing" };

/** A check in one line: status, what was found, the fix. */
const line = ({ status, found, fix }: Check) =>
  `${status}: ${found}${fix === undefined ? "" : ` | ${fix}`}`;

describe("idp doctor: programs", () => {
  const program = (name: string) => {
    const found = neededPrograms("22.18", "1.36").find((needed) => needed.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  for (const [name, text, version] of [
    ["node", "v22.23.3\n", "22.23.3"],
    ["git", "git version 2.39.5 (Apple Git-154)\n", "2.39.5"],
    ["pulumi", "v3.274.1\n", "3.274.1"],
    ["aws", "aws-cli/2.31.0 Python/3.13.7 Darwin/24.6.0\n", "2.31.0"],
    ["kubectl", '{"clientVersion":{"gitVersion":"v1.35.2"}}', "1.35.2"],
    ["argocd", "argocd: v3.6.1+a1b2c3d\n", "3.6.1"],
    ["gh", "gh version 2.96.0 (2026-09-16)\n", "2.96.0"],
    ["go", "go version go1.26.8 linux/amd64\n", "1.26.8"],
  ] as const) {
    it(`reads the version of ${name}`, () => {
      expect(line(programCheck(program(name), said(text)))).to.equal(`ok: ${version}`);
    });
  }

  it("refuses an old program, a missing one and one that does not run", () => {
    const pulumi = program("pulumi");
    const fix = "https://www.pulumi.com/docs/iac/download-install/";
    expect(line(programCheck(pulumi, said("v3.99.0")))).to.equal(
      `failed: 3.99.0; must be 3.274.1 or newer | ${fix}`,
    );
    expect(line(programCheck(pulumi, missing))).to.equal(
      `failed: not on PATH; must be 3.274.1 or newer | ${fix}`,
    );
    expect(line(programCheck(pulumi, refused))).to.equal(
      `failed: does not run: AccessDenied | ${fix}`,
    );
    expect(programCheck(pulumi, said("unknown")).status).to.equal("failed");
  });

  it("only warns about programs that are not always needed", () => {
    const check = programCheck(program("go"), missing);
    expect(check.status).to.equal("warning");
    expect(check.found).to.equal("not on PATH; must be 1.26 or newer for the twin");
  });

  it("wants a kubectl of the clusters' version or one minor version older", () => {
    expect(program("kubectl").least).to.equal("1.35");
  });
});

describe("idp doctor: an account", () => {
  it("must be the one of the credentials", () => {
    const check = (answer: Answer, profile?: string) =>
      line(credentialsCheck("prod", "100000000003", profile, answer));
    expect(check(said("100000000003\n"), "acme")).to.equal(
      "ok: profile acme, of account 100000000003",
    );
    expect(check(said("100000000001\n"))).to.equal(
      "failed: the default credentials, of account 100000000001; must be 100000000003, as in Pulumi.prod.yaml" +
        " | aws sso login, and name the account's profile: npx idp doctor --profile prod=<profile>",
    );
    expect(check(refused, "acme")).to.match(/^failed: profile acme: AccessDenied \|/);
    expect(check(missing)).to.equal("skipped: there is no aws to ask");
  });

  it("must have room for what a stack needs", () => {
    const check = (limit: Answer, used: Answer) =>
      line(quotaCheck("dev", quotas.addresses, 3, [limit, used]));
    expect(check(said("5.0"), said("2"))).to.equal("ok: 5 in all, 2 used, 3 needed");
    expect(check(said("5.0"), said("3"))).to.equal(
      "failed: 5 in all, 3 used, 3 needed | aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-0263D0A3 --desired-value 6",
    );
    expect(check(refused, said("3"))).to.equal("skipped: cannot be asked: AccessDenied");
    expect(check(said("5.0"), said(""))).to.equal(
      "skipped: cannot be asked: the answer is not a number: ",
    );
    expect(line(quotaCheck("dev", quotas.vcpus, 4, [said("1.0"), undefined]))).to.match(
      /^failed: 1 in all, 4 needed \|/,
    );
  });

  it("says whether EKS supports the Kubernetes version, and at which price", () => {
    const status = (text: string) => versionCheck("dev", "1.36", said(text)).status;
    expect(["STANDARD_SUPPORT", "EXTENDED_SUPPORT", "None"].map(status)).to.deep.equal([
      "ok",
      "warning",
      "failed",
    ]);
    expect(versionCheck("dev", "1.36", refused).status).to.equal("skipped");
  });

  it("should have a zone for the services' domain, or for a parent domain", () => {
    const check = (names: string) => zoneCheck("dev", "dev.example.com", said(names)).status;
    expect(check("example.com.\tother.com.")).to.equal("ok");
    expect(check("dev.example.com.")).to.equal("ok");
    expect(check("ample.com. a.dev.example.com.")).to.equal("warning");
    expect(zoneCheck("dev", undefined, undefined).status).to.equal("skipped");
    expect(zoneCheck("dev", "dev.example.com", refused).status).to.equal("skipped");
  });

  const writer = { appId: "123456", installationId: "7890" };

  it("needs a GitHub App that writes when Image Updater writes to GitHub", () => {
    const check = (isUpdated: boolean, hasApp: boolean, app?: typeof writer, at?: string) =>
      line(
        writerCheck("dev", {
          ...{ isUpdated, hasApp, writer: app },
          url: at ?? "https://github.com/acme/idp",
        }),
      );
    const fix = "name the app that writes in Pulumi.dev.yaml: docs/stacks.md#two-github-apps";
    expect(check(true, true, writer)).to.equal("ok: app 123456 writes tags");
    expect(check(true, false, writer)).to.equal("ok: app 123456 writes tags");
    expect(check(true, false)).to.equal(
      `failed: idp:images.writer is not set: Image Updater cannot write tags to GitHub | ${fix}`,
    );
    expect(check(true, true)).to.equal(
      `failed: idp:images.writer is not set: every preview could read the key with which Image Updater would write | ${fix}`,
    );
    expect(check(false, false)).to.equal("skipped: nothing writes to git here");
    expect(check(false, true)).to.equal("skipped: nothing writes to git here");
    expect(check(true, false, undefined, "http://127.0.0.1:1/idp.git")).to.equal(
      "skipped: http://127.0.0.1:1/idp.git is not on GitHub",
    );
  });

  it("has the key of that app in its cluster", () => {
    const numbers = (...all: readonly string[]) =>
      said(all.map((text) => Buffer.from(text).toString("base64")).join("/"));
    const check = (answer: Answer) => line(writerKeyCheck("dev", writer, answer));
    const fix = "npx idp github writer-key dev < <file>.pem";
    expect(check(numbers("123456", "7890"))).to.equal(
      "ok: of app 123456, in Secret argocd/github-writer",
    );
    for (const [app, installation] of [
      ["123456", "1"],
      ["1", "7890"],
    ] as const) {
      expect(check(numbers(app, installation))).to.equal(
        `failed: Secret argocd/github-writer is of app ${app}, installation ${installation}; ` +
          `must be of 123456, 7890, as in Pulumi.dev.yaml | ${fix}`,
      );
    }
    expect(check(said("/"))).to.match(/^failed: Secret argocd\/github-writer is of app ,/);
    const notFound = 'Error from server (NotFound): secrets "github-writer" not found';
    expect(check({ kind: "refused", message: notFound })).to.equal(
      `failed: the cluster has no Secret argocd/github-writer: Image Updater cannot write | ${fix}`,
    );
    expect(check({ kind: "refused", message: "Unable to connect to the server" })).to.equal(
      "skipped: cannot be asked: Unable to connect to the server",
    );
    expect(check(missing)).to.equal("skipped: there is no kubectl to ask");
  });

  it("should have a publisher for each image", () => {
    expect(line(publishersCheck("dev", ["idp/a", "idp/b"], ["idp/a"]))).to.equal(
      "warning: nobody may push idp/b | name its repository under idp:github in Pulumi.dev.yaml: docs/stacks.md",
    );
    expect(line(publishersCheck("dev", ["idp/a"], ["idp/a"]))).to.equal(
      "ok: 1 image, each with a publisher",
    );
  });
});

describe("idp doctor: a fork", () => {
  const url = "https://github.com/acme/idp";

  it("comes from the repository that Argo CD reads, however it was cloned", () => {
    for (const origin of [url, `${url}.git`, "git@github.com:acme/idp.git"]) {
      expect(originCheck(url, said(`${origin}\n`)).status, origin).to.equal("ok");
    }
    expect(line(originCheck(url, said(`${url.replace(/idp$/, "Idp")}.git`)))).to.equal(
      `warning: ${url.replace(/idp$/, "Idp")}.git; the settings write it ${url}, and AWS tells upper from lower case` +
        " | npx idp init --org <owner> --repository <name>, in the case that GitHub shows",
    );
    expect(originCheck(url, said("git@github.com:other/idp.git")).status).to.equal("warning");
    expect(originCheck(url, refused).status).to.equal("warning");
  });

  it("has the branch that is deployed", () => {
    const heads = said("3f2a9c1d\trefs/heads/main\n");
    expect(branchCheck(url, "main", heads).status).to.equal("ok");
    expect(line(branchCheck(url, "live", heads))).to.equal(
      `failed: ${url} has no branch live | git push origin HEAD:live`,
    );
    expect(branchCheck(url, "main", refused).status).to.equal("warning");
  });
});

describe("idp doctor: the repository on GitHub", () => {
  const check = (answer: Parameters<typeof repositoryCheck>[1]) =>
    line(repositoryCheck("acme/idp", answer));
  const repository = {
    id: 34,
    owner: { id: 12, login: "acme", type: "Organization" },
    visibility: "private",
    default_branch: "main",
  } as const;

  it("is there, and gh's login administers it", () => {
    const read = (admin?: boolean) =>
      check({
        kind: "read",
        value: { ...repository, ...(admin === undefined ? {} : { permissions: { admin } }) },
      });
    expect(read(true)).to.equal("ok: acme/idp, private");
    for (const found of [read(false), read()]) {
      expect(found).to.equal(
        "warning: acme/idp, private; gh's login does not administer it, so some settings cannot be read" +
          " | gh auth login as an administrator of the repository",
      );
    }
  });

  it("is missing when GitHub says 404, and unknown when it cannot be asked", () => {
    expect(check({ kind: "absent" })).to.equal(
      "failed: there is no acme/idp, or gh's login may not see it | gh auth status, then gh repo create acme/idp --private",
    );
    expect(check({ kind: "refused", why: "there is no gh to ask" })).to.equal(
      "skipped: cannot be asked: there is no gh to ask",
    );
  });
});

describe("idp doctor: all of it", () => {
  const answers: Readonly<Record<string, Answer>> = {
    "node --version": said("v22.23.3"),
    "git --version": said("git version 2.50.0"),
    "pulumi version": said("v3.280.0"),
    "aws --version": said("aws-cli/2.31.0"),
    "kubectl version --client --output json": said('{"gitVersion":"v1.36.1"}'),
    "argocd version --client --short": said("argocd: v3.6.1+a1b2c3d"),
    "gh --version": said("gh version 2.96.0 (2026-09-16)"),
    "go version": said("go version go1.27.0"),
    "pulumi whoami --non-interactive": said("somebody"),
    [`git -C ${repositoryRoot} remote get-url origin`]: said("https://github.com/example/idp"),
    "git ls-remote --heads https://github.com/example/idp main": said("1\trefs/heads/main"),
  };
  const accounts = { dev: "100000000001", staging: "100000000002", prod: "100000000003" };
  const asked: string[] = [];
  const fake =
    (more: (words: string) => Answer | undefined): Ask =>
    (program, args) => {
      const words = [program, ...args].join(" ");
      asked.push(words);
      return Promise.resolve(more(words) ?? answers[words] ?? missing);
    };
  const patient = {
    root: repositoryRoot,
    stackFiles: environments.map((environment) =>
      parseStackFile(environment, goldenStackFiles.get(`Pulumi.${environment}.yaml`) ?? ""),
    ),
    catalogs: environments.map((environment): Catalog => ({ environment, services: [] })),
    profiles: { dev: "acme-dev", staging: "acme-staging", prod: "acme-prod" },
    node: "22.18",
  };
  const aws = (words: string): Answer | undefined => {
    if (!words.startsWith("aws ")) return undefined;
    const environment = environments.find((name) => words.endsWith(`--profile acme-${name}`));
    if (words.includes("get-caller-identity") && environment) return said(accounts[environment]);
    if (words.includes("describe-cluster ")) return refused;
    if (words.includes("describe-cluster-versions")) return said("STANDARD_SUPPORT");
    if (words.includes("get-service-quota ")) return said("16.0");
    return words.includes("describe-") ? said("1") : undefined;
  };
  const byStatus = (checks: readonly Check[], status: Check["status"]) =>
    checks
      .filter((check) => check.status === status)
      .map(({ about, name }) => `${about}: ${name}`)
      .sort();

  it("is fine, except for what a new fork has to bring", async () => {
    const checks = await examine(patient, fake(aws));
    expect(byStatus(checks, "failed")).to.deep.equal(["dev: GitHub App", "staging: GitHub App"]);
    expect(byStatus(checks, "warning")).to.deep.equal([]);
    expect(byStatus(checks, "skipped")).to.deep.equal([
      "dev: DNS zone",
      "prod: DNS zone",
      "prod: GitHub App",
      "repository: GitHub",
      "repository: subject of example/idp",
      "repository: subject of example/time-service",
      "repository: subject of example/version-service",
      "staging: DNS zone",
    ]);
    expect(checks).to.have.length(10 + 6 + 3 * 9);
    const prod = checks.find(({ about, name }) => about === "prod" && name === "Elastic IPs");
    expect(prod?.found).to.equal("16 in all, 1 used, 3 needed");
  });

  it("fails on wrong credentials, and asks that account nothing else", async () => {
    asked.length = 0;
    const wrong = (words: string) =>
      words.includes("get-caller-identity") ? said("999999999999") : aws(words);
    const checks = await examine(patient, fake(wrong));
    expect(byStatus(checks, "failed")).to.include("prod: credentials");
    expect(asked.filter((words) => /^aws (?!--version|sts)/.test(words))).to.deep.equal([]);
    expect(hasFailed(checks)).to.equal(true);
  });

  it("asks a cluster for the numbers of its key that writes, where an app is named", async () => {
    asked.length = 0;
    const named = patient.stackFiles.map((file) =>
      file.environment === "dev"
        ? {
            ...file,
            settings: {
              ...file.settings,
              images: {
                strategy: "newest-build",
                writer: { appId: "123456", installationId: "7890" },
              },
            },
          }
        : file,
    );
    const stub = (words: string) => {
      if (words.includes("update-kubeconfig")) return said("Updated context");
      return words.startsWith("kubectl --kubeconfig") ? said("MTIzNDU2/Nzg5MA==") : aws(words);
    };
    const keyIn = async (ask: (words: string) => Answer | undefined) =>
      (await examine({ ...patient, stackFiles: named }, fake(ask)))
        .filter(({ name }) => name === "key that writes")
        .map((check) => `${check.about} ${line(check)}`);
    expect(await keyIn(stub)).to.deep.equal([
      "dev ok: of app 123456, in Secret argocd/github-writer",
    ]);
    expect(
      asked
        .filter((words) => words.includes("kubeconfig"))
        .map((words) => words.replace(/\S*idp-kubeconfig-\w+/, "<scratch>")),
    ).to.deep.equal([
      "aws eks update-kubeconfig --kubeconfig <scratch>/dev --name idp-dev --output text --region us-west-2 --profile acme-dev",
      "kubectl --kubeconfig <scratch>/dev --request-timeout 10s --namespace argocd get secret github-writer --output jsonpath={.data.githubAppID}/{.data.githubAppInstallationID}",
    ]);
    const without = (words: string) =>
      words.includes("get-caller-identity") ? refused : stub(words);
    expect(await keyIn(without)).to.deep.equal(["dev skipped: no credentials of the account"]);
    const unmade = (words: string) => (words.includes("update-kubeconfig") ? refused : stub(words));
    expect(await keyIn(unmade)).to.deep.equal(["dev skipped: cannot be asked: AccessDenied"]);
  });

  it("needs no room for a stack that exists", async () => {
    const there = (words: string) =>
      words.includes("describe-cluster ") ? said("ACTIVE") : aws(words);
    const checks = await examine(patient, fake(there));
    expect(byStatus(checks, "skipped")).to.include.members(["dev: VPCs", "prod: Elastic IPs"]);
  });

  it("ends with the counts, and shows every fix", async () => {
    const checks = await examine(patient, fake(aws));
    const lines = checkLines(checks);
    expect(lines.at(-1)).to.equal("idp doctor: 33 ok, 0 to look at, 2 failed, 8 skipped");
    expect(lines.filter((text) => text.includes("Fix:"))).to.have.length(2);
  });

  it("exits with 1 on this repository, whose accounts are not all decided", async () => {
    const main = join(repositoryRoot, "cli/main.ts");
    const env = { IDP_TWIN: "", PATH: "/nowhere" };
    const { exitCode, stdout } = await execa(process.execPath, [main, "doctor", "--json"], {
      reject: false,
      env,
    });
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    expect(byStatus(checks, "failed")).to.include("machine: pulumi");
    expect(exitCode).to.equal(1);
  });
});
