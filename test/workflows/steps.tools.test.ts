import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { repositoryRoot } from "../../lib/paths.ts";
import { expand, type Value } from "./runner/expressions.ts";
import { commandSteps, jobs } from "./workflows.ts";

/**
 * Runs the commands of the workflows' steps as a runner does: bash with its options, the job's and the step's
 * environment expanded, and the file for outputs. Stand-ins that record their arguments replace programs that only a
 * runner has or that need a cloud; a server on 127.0.0.1 replaces GitHub's API. Actions are not run.
 */

/** Steps that are not run here, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  "policy.check: make check": "`.ci/run` runs it, as it does this very test",
  "policy.service-files: Check the service files": "see service-files.tools.test.ts",
  "policy.unit-tests: env -u GITHUB_BASE_REF make test": "see executor.tools.test.ts",
  "e2e.changes: Look for more than service files": "see executor.tools.test.ts",
  "e2e.twin: Make room on the disk": "it deletes; see executor.tools.test.ts",
  "e2e.twin: make toolchain": "it made the tools that this test runs with",
  "e2e.twin: Let the twin run containers": "it changes this machine; see executor.tools.test.ts",
  "e2e.twin: .ci/run": "it runs `make test-tools`, and with it this very test",
  "conformance.compare: Compare":
    "it needs the real components; the comparison has tests of its own",
  "e2e.end-to-end: Say whether all went well": "see executor.tools.test.ts",
  "outdated.issue: Compare": "see executor.tools.test.ts",
  "outdated.issue: Open, update or close the issue": "see executor.tools.test.ts",
  "provision.changes: Compare with what each stack has": "see executor.tools.test.ts",
  "provision-stack.up: Summary of a failure": "see executor.tools.test.ts",
  "destroy.destroy: Summary": "like provision-stack's",
  "setup: make install": "it made the node_modules that this test runs with",
};

interface Ran {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** What the step wrote to $GITHUB_OUTPUT. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Calls of stand-ins, each with its arguments. */
  readonly calls: readonly string[];
}

/** Contexts that a step sees, besides the step outputs and inputs of its case. */
const contexts: Readonly<Record<string, Value>> = {
  github: {
    token: "token-of-the-job",
    sha: "3f2a9c1d00000000000000000000000000000000",
    event: { pull_request: { number: 12 } },
  },
  matrix: { stack: "dev", environment: "staging" },
  vars: { IDP_REGION_DEV: "us-west-2" },
};

const sha = "3f2a9c1d00000000000000000000000000000000";
const manifest = '{"schemaVersion":2}';
const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
const registry = "935743309409.dkr.ecr.us-west-2.amazonaws.com";
const image = `${registry}/idp/localtime`;
const builder = "https://github.com/acme/idp/.github/workflows/service-build.yml@refs/heads/main";
const verify = [
  "cosign verify --certificate-oidc-issuer https://token.actions.githubusercontent.com",
  `--certificate-identity ${builder} --certificate-github-workflow-repository acme/time-service`,
  `--certificate-github-workflow-sha ${sha} ${image}@${digest}`,
].join(" ");

/** Runs a script as a runner does, with the value of $TOOLS. */
async function bash(script: string, tools: string) {
  const options = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
  const { exitCode, stdout } = await execa("bash", options, {
    reject: false,
    env: { TOOLS: tools },
    stripFinalNewline: false,
  });
  return { status: exitCode, stdout };
}

describe("the steps' commands", () => {
  let folder: string;
  let answered: string[];
  let server: Server;
  let apiUrl: string;
  /** What GitHub has: comments of pull request 12, and open issues. */
  let stored: object[];

  before((done) => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const call = `${request.method ?? ""} ${request.url ?? ""}`;
        answered.push(`${call} ${Buffer.concat(chunks).toString()}`.trim());
        const isAllowed = request.headers.authorization === "Bearer token-of-the-job";
        response.statusCode = isAllowed ? 200 : 401;
        response.end(JSON.stringify(request.method === "GET" ? stored : { id: 1 }));
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      apiUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
      done();
    });
  });

  after(() => {
    server.close();
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-steps-"));
    mkdirSync(join(folder, "bin"));
    answered = [];
    stored = [];
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Writes a program that records its arguments and then runs `script`. */
  function standIn(name: string, script: string): void {
    const file = join(folder, "bin", name);
    writeFileSync(file, `#!/bin/bash\necho "${name} $*" >>"$CALLS"\n${script}\n`);
    chmodSync(file, 0o755);
  }

  function write(path: string, text: string): void {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  async function run(
    name: string,
    more: Readonly<Record<string, Value>> = {},
    env: Readonly<Record<string, string>> = {},
    cwd = folder,
  ): Promise<Ran> {
    const found = commandSteps.find((candidate) => candidate.name === name);
    if (found?.step.run === undefined) throw new Error(`there is no step "${name}"`);
    const job = jobs.find((candidate) => name.startsWith(`${candidate.name}: `))?.job;
    const expanded = Object.fromEntries(
      Object.entries({ ...job?.env, ...found.step.env }).map(([key, value]) => [
        key,
        expand(value, { ...contexts, ...more }),
      ]),
    );
    const files = { GITHUB_OUTPUT: join(folder, "outputs"), CALLS: join(folder, "calls") };
    for (const file of Object.values(files)) writeFileSync(file, "");
    writeFileSync(join(folder, "step.sh"), found.step.run);
    const { exitCode, stdout, stderr } = await execa(
      "bash",
      ["--noprofile", "--norc", "-e", "-o", "pipefail", join(folder, "step.sh")],
      {
        cwd,
        reject: false,
        extendEnv: false,
        env: {
          PATH: [join(folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(
            delimiter,
          ),
          HOME: folder,
          GITHUB_SHA: sha,
          GITHUB_REPOSITORY: "acme/idp",
          GITHUB_API_URL: apiUrl,
          ...files,
          ...expanded,
          ...env,
        },
      },
    );
    const lines = (file: string) => readFileSync(file, "utf8").split("\n").filter(Boolean);
    return {
      exitCode,
      stdout: `${stdout}\n${stderr}`,
      outputs: Object.fromEntries(
        lines(files.GITHUB_OUTPUT).map((line) => {
          const [key = "", ...value] = line.split("=");
          return [key, value.join("=")];
        }),
      ),
      calls: lines(files.CALLS),
    };
  }

  async function checksVariables(job: string, environment: string): Promise<void> {
    const step = `${job}: Check the environment's variables`;
    const vars = { CLOCK_ROLE: "arn:role", IDP_REGION: "us-west-2" };
    const more = {
      inputs: { "role-variable": "CLOCK_ROLE" },
      matrix: { environment },
      needs: { fetch: { outputs: { digest } } },
    };
    expect((await run(step, { ...more, vars })).exitCode).to.equal(0);
    for (const name of Object.keys(vars)) {
      const { exitCode, stdout } = await run(step, { ...more, vars: { ...vars, [name]: "" } });
      expect(exitCode).to.equal(1);
      expect(stdout).to.include(
        `::error::acme/idp has no variable ${name} in its environment ${environment}`,
      );
    }
  }

  /** Runs the step with a token of GitHub's, unless `curl` is there already. */
  function namesBuilder(job: string, file?: string): Promise<Ran> {
    const claims = { job_workflow_ref: `acme/idp/.github/workflows/${file}@refs/heads/main` };
    const token = ["header", JSON.stringify(claims), "signature"].map((part) =>
      Buffer.from(part).toString("base64url"),
    );
    const answer = JSON.stringify({ value: token.join(".") });
    if (file !== undefined) standIn("curl", `cat >>"$CALLS"; echo '${answer}'`);
    return run(
      `${job}: Name the builder`,
      {},
      {
        ACTIONS_ID_TOKEN_REQUEST_URL: "http://tokens.example/?a=1",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "secret-of-the-job",
      },
    );
  }

  const tested: Readonly<Record<string, () => Promise<void>>> = {
    "setup: Check that the stack's variables are there": async () => {
      const step = "setup: Check that the stack's variables are there";
      const inputs = { access: "audit", stack: "dev", role: "arn:role", region: "us-west-2" };
      expect((await run(step, { inputs })).exitCode).to.equal(0);
      for (const [input, variable] of [
        ["role", "IDP_AUDIT_ROLE_DEV"],
        ["region", "IDP_REGION_DEV"],
      ] as const) {
        const { exitCode, stdout } = await run(step, { inputs: { ...inputs, [input]: "" } });
        expect(exitCode).to.equal(1);
        expect(stdout).to.include(`::error::the variable ${variable} is empty`);
      }
    },

    "setup: Check that the runner has the tools": async () => {
      const step = "setup: Check that the runner has the tools";
      const script = commandSteps.find(({ name }) => name === step)?.step;
      const tools = (stack: string) =>
        expand(script?.env?.["TOOLS"] ?? "", { inputs: { stack } }).trim();
      expect(tools("")).to.equal("git make curl tar");
      expect(tools("prod")).to.equal("git make curl tar aws kubectl");
      // Whatever this machine lacks of these, and two that no machine has.
      const { status, stdout } = await bash(script?.run ?? "", "git idp-no-tool bash idp-none");
      expect(status).to.equal(1);
      expect(stdout).to.equal(
        "::error::the runner lacks idp-no-tool idp-none, see docs/operations.md#a-runner-in-the-vpc\n",
      );
      expect(await bash(script?.run ?? "", "git bash")).to.deep.equal({ status: 0, stdout: "" });
    },

    "prod-sync.sync: Sync": async () => {
      const step = "prod-sync.sync: Sync";
      standIn("node", 'printf "url=https://github.com\\n\\n" | git credential fill');
      const inputs = { service: "clock; echo no", version: "v1.2.3", prune: true };
      const { exitCode, stdout, calls } = await run(step, { inputs });
      expect(exitCode, stdout).to.equal(0);
      expect(calls).to.deep.equal([
        "node bin/idp.js sync --expect v1.2.3 --prune -- clock; echo no prod",
      ]);
      // The credentials that git would use for a fetch.
      expect(stdout).to.include("username=x-access-token\npassword=token-of-the-job\n");
      const plain = await run(step, { inputs: { ...inputs, version: "", prune: false } });
      expect(plain.calls.at(-1)).to.equal("node bin/idp.js sync -- clock; echo no prod");
    },

    "preview.preview: Preview": async () => {
      standIn("pulumi", 'echo "stack $PULUMI_STACK"; exit "${CODE:-0}"');
      const fine = await run("preview.preview: Preview");
      expect(fine.exitCode).to.equal(0);
      expect(fine.calls).to.have.length(1);
      expect(fine.calls[0]).to.match(/^pulumi preview .*--non-interactive/);
      expect(readFileSync(join(folder, "dev.txt"), "utf8")).to.equal("stack dev\n");
      const organisation = { vars: { PULUMI_ORGANIZATION: "acme" } };
      // A refusal fails the step; its output is kept for the comment.
      const refused = await run("preview.preview: Preview", organisation, { CODE: "7" });
      expect(refused.exitCode).to.equal(7);
      expect(readFileSync(join(folder, "dev.txt"), "utf8")).to.equal("stack acme/dev\n");
    },

    "preview.preview: Cost": async () => {
      const urn = "urn:pulumi:dev::idp::aws:kms/key:Key::a";
      const newState = { urn, type: "aws:kms/key:Key", inputs: {} };
      const plan = JSON.stringify({ steps: [{ op: "create", urn, newState }] });
      standIn("pulumi", `echo '${plan}'; exit "\${CODE:-0}"`);
      standIn("node", `shift; exec '${process.execPath}' '${repositoryRoot}/bin/idp.js' "$@"`);
      const temporary = { RUNNER_TEMP: folder };
      const { exitCode, stdout, calls } = await run("preview.preview: Cost", {}, temporary);
      expect(exitCode, stdout).to.equal(0);
      expect(calls[0]).to.equal("pulumi preview --json --show-sames --non-interactive");
      const lines = readFileSync(join(folder, "dev-cost.txt"), "utf8").trim().split("\n");
      expect(lines[1]).to.match(/^ {2}1 KMS key +1 x 1 month x \$1 +\$1\.00$/);
      expect(lines.at(-1)).to.equal("dev $1.00 a month");
      const refused = await run("preview.preview: Cost", {}, { ...temporary, CODE: "7" });
      expect(refused.exitCode).to.equal(7);
    },

    "preview.comment: Comment": async () => {
      const step = "preview.comment: Comment";
      // The command is called from a checkout; the files that it reads are beside it.
      const variables = { IDP_PREVIEW_ROLE_DEV: "d", IDP_PREVIEW_ROLE_STAGING: "s" };
      const vars = { vars: { ...variables, IDP_PREVIEW_ROLE_PROD: "p" } };
      for (const stack of ["dev", "staging"]) write(`previews/${stack}.txt`, `${stack} is fine\n`);
      standIn("node", `shift; exec '${process.execPath}' '${repositoryRoot}/bin/idp.js' "$@"`);
      const first = await run(step, vars);
      expect(first.exitCode, first.stdout).to.equal(0);
      expect(answered.map((call) => call.split(" ").slice(0, 2).join(" "))).to.deep.equal([
        "GET /repos/acme/idp/issues/12/comments?per_page=100&page=1",
        "POST /repos/acme/idp/issues/12/comments",
      ]);
      expect(answered[1]).to.include("staging is fine").and.include("**prod**: no output");
      expect(answered[1]).to.match(
        /\bdev<[\s\S]*\bdev-cost\b[\s\S]*\bstaging<[\s\S]*\bprod-cost\b/,
      );
      stored = [{ id: 77, body: "<!-- idp report: Preview -->", user: { type: "Bot" } }];
      answered = [];
      expect((await run(step, vars)).stdout).to.include("updated");
      expect(answered[1]).to.match(/^PATCH \/repos\/acme\/idp\/issues\/comments\/77 /);
    },

    "promote.promote: Promote": async () => {
      const step = "promote.promote: Promote";
      standIn(
        "node",
        'printf "url=https://github.com\\n\\n" | git credential fill; echo "$IDP_PROFILE_PROD"',
      );
      const inputs = { service: "time-service; echo no", version: "v1.2.3" };
      const { exitCode, stdout, calls } = await run(step, { inputs });
      expect(exitCode, stdout).to.equal(0);
      expect(calls).to.deep.equal([
        "node bin/idp.js promote --open -- time-service; echo no v1.2.3",
      ]);
      // The credentials that git would use for a push.
      expect(stdout).to.include("username=x-access-token\npassword=token-of-the-job\nprod\n");
      standIn("node", 'printf "[%s]" "$@"');
      const forced = { ...inputs, force_reason: 'prod "is" $down; no' };
      expect((await run(step, { inputs: forced })).stdout).to.include(
        '[bin/idp.js][promote][--open][--force][--reason=prod "is" $down; no][--][time-service; echo no][v1.2.3]',
      );
    },

    "conformance.versions: Read the versions, and whether this commit changed one": async () => {
      const step = "conformance.versions: Read the versions, and whether this commit changed one";
      const { exitCode, outputs } = await run(step, {}, {}, repositoryRoot);
      expect(exitCode).to.equal(0);
      expect(Object.keys(outputs)).to.deep.equal(["awsx", "eks", "changed"]);
    },

    "drift.audit: Audit": async () => {
      standIn("node", 'echo "stack $PULUMI_STACK"; exit "${CODE:-0}"');
      expect((await run("drift.audit: Audit")).calls).to.deep.equal(["node bin/idp.js audit dev"]);
      expect((await run("drift.audit: Audit", {}, { CODE: "1" })).exitCode).to.equal(1);
      expect(readFileSync(join(folder, "dev.txt"), "utf8")).to.equal("stack dev\n");
    },

    "drift.issue: Open, update or close the issue": async () => {
      const step = "drift.issue: Open, update or close the issue";
      standIn("node", `shift; exec '${process.execPath}' '${repositoryRoot}/bin/idp.js' "$@"`);
      write("drift/dev.txt", "3 changes\n");
      const vars = { IDP_AUDIT_ROLE_DEV: "arn:role" };
      const needs = (result: string) => ({ vars, needs: { audit: { result } } });
      const calls = () => answered.map((call) => call.split(" ").slice(0, 2).join(" "));
      await run(step, needs("success"));
      const look = "GET /repos/acme/idp/issues?state=open&per_page=100&page=1";
      expect(calls()).to.deep.equal([look]);
      answered = [];
      await run(step, needs("failure"));
      expect(calls()).to.deep.equal([look, "POST /repos/acme/idp/issues"]);
      stored = [{ id: 5, number: 9, body: "<!-- idp report: Drift -->", user: { type: "Bot" } }];
      answered = [];
      await run(step, needs("success"));
      expect(calls()).to.deep.equal([look, "PATCH /repos/acme/idp/issues/9"]);
      expect(answered[1]).to.include('"state":"closed"');
    },

    "provision-stack.up: Preview": async () => {
      standIn("pulumi", 'exit "${CODE:-0}"');
      const step = "provision-stack.up: Preview";
      const temporary = { RUNNER_TEMP: folder };
      const fine = await run(step, { inputs: { stack: "prod" } }, temporary);
      expect(fine.exitCode).to.equal(0);
      expect(fine.calls).to.deep.equal([
        "pulumi preview --policy-pack policy --non-interactive --color never --suppress-progress",
      ]);
      const refused = { ...temporary, CODE: "7" };
      expect((await run(step, { inputs: { stack: "prod" } }, refused)).exitCode).to.equal(7);
    },

    "destroy.destroy: Destroy": async () => {
      standIn("pulumi", 'exit "${CODE:-0}"');
      const fine = await run("destroy.destroy: Destroy", {}, { RUNNER_TEMP: folder });
      // One word each: the shell opens no `*`.
      expect(fine.calls).to.deep.equal([
        "pulumi destroy --yes --exclude **:PermissionsBoundary$** --exclude **:GithubAccess$** --exclude **:ClusterLogs$** --non-interactive --color never --suppress-progress",
      ]);
      const failed = { RUNNER_TEMP: folder, CODE: "7" };
      expect((await run("destroy.destroy: Destroy", {}, failed)).exitCode).to.equal(7);
    },

    "destroy.destroy: Confirm": async () => {
      const confirm = (confirmation: string) =>
        run("destroy.destroy: Confirm", { inputs: { confirmation } });
      expect((await confirm("destroy dev")).exitCode).to.equal(0);
      for (const wrong of [
        "",
        "destroy",
        "destroy prod",
        "destroy dev ",
        '" = "" -o "x',
        "$(true)",
      ])
        expect((await confirm(wrong)).exitCode, wrong).to.equal(1);
    },

    "service-build.build: Name the build": async () => {
      const { outputs } = await run("service-build.build: Name the build", {
        inputs: { image: "idp/localtime" },
        steps: { registry: { outputs: { registry } } },
      });
      expect(outputs).to.deep.equal({ repository: image, reference: `${image}:sha-3f2a9c1` });
    },

    "service-build.build: Look whether it is built": async () => {
      const step = "service-build.build: Look whether it is built";
      const steps = { name: { outputs: { reference: `${image}:sha-3f2a9c1` } } };
      standIn("docker", `echo ${digest}`);
      expect((await run(step, { steps })).outputs).to.deep.equal({ digest });
      standIn("docker", "exit 1");
      const missing = await run(step, { steps });
      expect(missing.outputs).to.deep.equal({ digest: "" });
      expect(missing.exitCode).to.equal(0);
    },

    "service-build.build: Check the platforms": async () => {
      const check = (platforms: string) =>
        run("service-build.build: Check the platforms", { inputs: { platforms } });
      for (const right of ["linux/amd64", "linux/arm64, linux/amd64", "linux/amd64,linux/arm64"])
        expect((await check(right)).exitCode, right).to.equal(0);
      for (const wrong of ["linux/arm64", "linux/amd64/v3", ""]) {
        const { exitCode, stdout } = await check(wrong);
        expect(exitCode, wrong).to.equal(1);
        expect(stdout).to.include(`::error::the nodes are linux/amd64, and platforms is ${wrong}`);
      }
    },

    "service-build.build: Check the environment's variables": () =>
      checksVariables("service-build.build", "dev"),

    "service-build.build: Name the builder": async () => {
      const { outputs, exitCode } = await namesBuilder("service-build.build", "service-build.yml");
      expect(exitCode).to.equal(0);
      expect(outputs).to.deep.equal({ identity: builder });
    },

    "service-build.build: Verify that this workflow built it from this commit": async () => {
      const step = "service-build.build: Verify that this workflow built it from this commit";
      const steps = {
        name: { outputs: { repository: image } },
        there: { outputs: { digest } },
        builder: { outputs: { identity: builder } },
      };
      const env = { GITHUB_REPOSITORY: "acme/time-service" };
      standIn("cosign", "");
      const verified = await run(step, { steps }, env);
      expect(verified.exitCode).to.equal(0);
      expect(verified.calls).to.deep.equal([verify]);
      standIn("cosign", "exit 1");
      const refused = await run(step, { steps }, env);
      expect(refused.exitCode).to.equal(1);
      expect(refused.stdout).to.include(
        `::error::${image}@${digest} has the tag sha-3f2a9c1, but ${builder} did not build it from ${sha}`,
      );
    },

    "service-build.build: Sign": async () => {
      standIn("cosign", "");
      const built = await run("service-build.build: Sign", {
        steps: { name: { outputs: { repository: image } }, build: { outputs: { digest } } },
      });
      expect(built.calls).to.deep.equal([`cosign sign --yes ${image}@${digest}`]);
    },

    "service-build.build: Tag": async () => {
      standIn("skopeo", "");
      const { calls } = await run("service-build.build: Tag", {
        steps: {
          name: { outputs: { repository: image, reference: `${image}:sha-3f2a9c1` } },
          build: { outputs: { digest } },
        },
      });
      expect(calls).to.deep.equal([
        `skopeo copy --all --preserve-digests docker://${image}@${digest} docker://${image}:sha-3f2a9c1`,
      ]);
    },

    "service-release.fetch: Check the environment's variables": () =>
      checksVariables("service-release.fetch", "dev"),

    "service-release.publish: Check the environment's variables": () =>
      checksVariables("service-release.publish", "staging"),

    "service-release.fetch: Name the builder": async () => {
      const { outputs, calls } = await namesBuilder("service-release.fetch", "service-release.yml");
      expect(outputs).to.deep.equal({ identity: builder });
      expect(calls, "the secret is no argument").to.deep.equal([
        "curl -fsS -H @- http://tokens.example/?a=1&audience=idp",
        "Authorization: bearer secret-of-the-job",
      ]);
      standIn("curl", "echo '{}'");
      expect((await namesBuilder("service-release.fetch")).exitCode, "no token").not.to.equal(0);
    },

    "service-release.fetch: Wait for the build": async () => {
      const step = "service-release.fetch: Wait for the build";
      const more = {
        inputs: { image: "idp/localtime" },
        steps: { registry: { outputs: { registry } } },
      };
      const look = `skopeo inspect --raw docker://${image}:sha-3f2a9c1`;
      standIn("sleep", "");
      standIn("skopeo", '[ "$(grep -c skopeo "$CALLS")" = 3 ]');
      const third = await run(step, more);
      expect(third.exitCode).to.equal(0);
      expect(third.calls).to.deep.equal([look, "sleep 20", look, "sleep 20", look]);
      standIn("skopeo", "exit 1");
      const never = await run(step, more);
      expect(never.exitCode).to.equal(1);
      expect(never.calls.filter((call) => call === "sleep 20")).to.have.length(59);
      expect(never.stdout).to.include(`::error::build.yml has not built ${sha}`);
    },

    "service-release.fetch: Check the version": async () => {
      const check = (GITHUB_REF: string) =>
        run("service-release.fetch: Check the version", {}, { GITHUB_REF });
      expect((await check("refs/tags/v1.20.3")).exitCode).to.equal(0);
      for (const wrong of ["refs/heads/main", "refs/tags/1.2.3", "refs/tags/v1.2.3-rc.1", "v1.2.3"])
        expect((await check(wrong)).exitCode, wrong).to.equal(1);
    },

    "service-release.fetch: Find the build's digest": async () => {
      const step = "service-release.fetch: Find the build's digest";
      const more = {
        inputs: { image: "idp/localtime" },
        steps: { registry: { outputs: { registry } } },
      };
      standIn("skopeo", `printf '%s' '${manifest}'`);
      const found = await run(step, more);
      expect(found.calls).to.deep.equal([`skopeo inspect --raw docker://${image}:sha-3f2a9c1`]);
      expect(found.outputs).to.deep.equal({ digest, image: `${image}@${digest}` });
      standIn("skopeo", "exit 1");
      expect((await run(step, more)).exitCode).to.equal(1);
    },

    "service-release.fetch: Verify who built it, and from which commit": async () => {
      const step = "service-release.fetch: Verify who built it, and from which commit";
      const steps = {
        digest: { outputs: { image: `${image}@${digest}` } },
        builder: { outputs: { identity: builder } },
      };
      const env = { GITHUB_REPOSITORY: "acme/time-service" };
      standIn("cosign", "");
      const { exitCode, calls } = await run(step, { steps }, env);
      expect(exitCode).to.equal(0);
      expect(calls).to.deep.equal([verify]);
      standIn("cosign", "exit 1");
      const refused = await run(step, { steps }, env);
      expect(refused.exitCode).to.equal(1);
      expect(refused.stdout).to.include(
        `::error::${builder} did not build ${image}@${digest} from ${sha}`,
      );
    },

    "service-release.fetch: Fetch": async () => {
      standIn("skopeo", "");
      const { calls } = await run("service-release.fetch: Fetch", {
        steps: { digest: { outputs: { image: `${image}@${digest}` } } },
      });
      expect(calls).to.deep.equal([
        `skopeo copy --all --preserve-digests docker://${image}@${digest} oci:image`,
      ]);
    },

    "service-release.fetch: Check that the nodes can run it": async () => {
      const step = "service-release.fetch: Check that the nodes can run it";
      standIn("skopeo", "echo linux/amd64");
      const fits = await run(step);
      expect(fits.exitCode).to.equal(0);
      expect(fits.calls).to.deep.equal([
        "skopeo --override-os linux --override-arch amd64 inspect --format {{.Os}}/{{.Architecture}} oci:image",
      ]);
      // Of an index it fails, of a single image it gives what it has.
      for (const answer of ["exit 1", "echo linux/arm64"]) {
        standIn("skopeo", answer);
        const { exitCode, stdout } = await run(step);
        expect(exitCode, answer).to.equal(1);
        expect(stdout).to.include("::error::the nodes are linux/amd64");
      }
    },

    "service-release.publish: Check that it is the very image": async () => {
      const step = "service-release.publish: Check that it is the very image";
      standIn("skopeo", `printf '%s' '${manifest}'`);
      const of = (found: string) => ({ needs: { fetch: { outputs: { digest: found } } } });
      expect((await run(step, of(digest))).exitCode).to.equal(0);
      expect((await run(step, of("sha256:other"))).exitCode).to.equal(1);
    },

    "service-release.publish: Publish": async () => {
      const step = "service-release.publish: Publish";
      const more = {
        inputs: { image: "idp/localtime" },
        steps: { registry: { outputs: { registry } } },
        needs: { fetch: { outputs: { digest } } },
      };
      const env = { GITHUB_REF_NAME: "v1.2.3" };
      const look = `skopeo inspect --raw docker://${image}:v1.2.3`;
      const copy = `skopeo copy --all --preserve-digests oci:image docker://${image}:v1.2.3`;
      standIn("skopeo", '[ "$1" = copy ]');
      const first = await run(step, more, env);
      expect(first.exitCode).to.equal(0);
      expect(first.calls).to.deep.equal([look, copy]);
      standIn("skopeo", `printf '%s' '${manifest}'`);
      expect((await run(step, more, env)).calls, "there already").to.deep.equal([look]);
      standIn("skopeo", '[ "$1" = inspect ] && echo another');
      expect((await run(step, more, env)).exitCode, "another image").to.equal(1);
    },

    "service-release.publish: Sign": async () => {
      standIn("cosign", "");
      const { calls } = await run("service-release.publish: Sign", {
        inputs: { image: "idp/localtime" },
        steps: { registry: { outputs: { registry } } },
        needs: { fetch: { outputs: { digest } } },
      });
      expect(calls).to.deep.equal([`cosign sign --yes ${image}@${digest}`]);
    },
  };

  it("are all run here, or have a reason why not", () => {
    expect(commandSteps.map(({ name }) => name).sort()).to.deep.equal(
      [...Object.keys(tested), ...Object.keys(elsewhere)].sort(),
    );
  });

  for (const [name, test] of Object.entries(tested)) it(name, test);
});
