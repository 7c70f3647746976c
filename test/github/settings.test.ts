import { expect } from "chai";
import { environments } from "../../config/environments.ts";
import { githubChecks, type GithubFacts } from "../../doctor/github.ts";
import { callLine } from "../../github/call.ts";
import { platformNeeds, serviceNeeds, type StackFacts } from "../../github/needs.ts";
import { readRepository } from "../../github/repository.ts";
import type { Setting, Wanted } from "../../github/setting.ts";
import { settingsOf } from "../../github/settings.ts";
import { readState } from "../../github/state.ts";
import { github, recorded } from "./recorded.ts";

const repository = "acme/idp";

const stacks = environments.map((environment): StackFacts => ({
  environment,
  isDecided: true,
  region: "us-west-2",
  isPrivate: environment !== "dev",
  backend: undefined,
  outputs: undefined,
  publishRoles: {},
}));
const platform = (change: Partial<Parameters<typeof platformNeeds>[2]> = {}) =>
  platformNeeds("main", stacks, { reviewers: [], updaterApp: undefined, ...change });

/** A public repository has no runners of its own: its clusters answer in public. */
const isPublic = platformNeeds(
  "main",
  stacks.map((stack) => ({ ...stack, isPrivate: false })),
  { reviewers: [], updaterApp: undefined },
);

async function settings(answers: Readonly<Record<string, unknown>>, wanted: Wanted = platform()) {
  const ask = github(answers);
  const read = await readRepository(ask, repository);
  if (read.kind !== "read") throw new Error(`cannot be read: ${read.kind}`);
  return settingsOf(wanted, await readState(ask, repository, read.value, environments));
}
const line = ({ about, name, state, found }: Setting) => `${state} ${about}: ${name}: ${found}`;
const calls = (all: readonly Setting[]) => all.flatMap((setting) => setting.calls.map(callLine));
const notRight = (all: readonly Setting[]) => all.filter(({ state }) => state !== "right");

describe("a repository's settings on GitHub", () => {
  for (const name of ["enterprise", "public"]) {
    it(`are right, and nothing is called, in ${name}.json`, async () => {
      const all = await settings(recorded(name), name === "public" ? isPublic : platform());
      expect(notRight(all).map(line)).to.deep.equal([]);
      expect(calls(all)).to.deep.equal([]);
      expect(all.map((one) => `${one.about}: ${one.name}`)).to.deep.equal([
        "dev: GitHub environment",
        "staging: GitHub environment",
        "prod: GitHub environment",
        "prod: reviewers",
        "dev: variables",
        "staging: variables",
        "prod: variables",
        "repository: variables",
        "repository: ruleset branch",
        "repository: ruleset tag",
        "repository: allowed actions",
        "repository: pull requests by Actions",
        // Everybody may call a public repository's workflows.
        ...(name === "public" ? [] : ["repository: access to workflows"]),
        "repository: GitHub App",
      ]);
    });
  }

  it("on Team have no reviewers; the rest is made in order", async () => {
    const all = await settings(recorded("team"), platform({ updaterApp: 123456 }));
    expect(notRight(all).map(line)).to.deep.equal([
      "wrong dev: GitHub environment: allows every branch and tag; must allow branch main",
      "wrong staging: GitHub environment: allows branch main, branch release/*; must allow branch main",
      "wrong prod: GitHub environment: missing: the first job that names it makes it without a rule; must allow branch main",
      "impossible prod: reviewers: GitHub team gives a private repository no required reviewers: whoever may merge may provision prod",
      "wrong dev: variables: IDP_REGION_DEV is eu-west-1; must be us-west-2",
      "later dev: variables: IDP_PREVIEW_ROLE_DEV, IDP_AUDIT_ROLE_DEV, IDP_PROMOTE_ROLE_DEV: after the first pulumi up",
      ...["staging", "prod"].flatMap((stack) => {
        const upper = stack.toUpperCase();
        return [
          `wrong ${stack}: variables: IDP_REGION_${upper} is not set`,
          `later ${stack}: variables: ${["PREVIEW", "AUDIT", "PROMOTE", "PROVISION", ...(stack === "prod" ? ["SYNC"] : [])].map((role) => `IDP_${role}_ROLE_${upper}`).join(", ")}: after the first pulumi up`,
          `open ${stack}: variables: IDP_RUNNER_${upper} is not set: the cluster's API answers in the VPC only, and its jobs need a runner there`,
        ];
      }),
      'wrong repository: ruleset branch: there is no ruleset "idp: deployed branch" for refs/heads/main, app 123456 may not push past it',
      'wrong repository: ruleset tag: there is no ruleset "idp: release tags" for refs/tags/v*',
      "wrong repository: allowed actions: allows all; must allow GitHub's own, aws-actions/*, docker/*, pulumi/*, sigstore/*",
      "wrong repository: pull requests by Actions: forbidden: promote.yml cannot open one; a job's token may write by default; must be allowed, and a job's token may read by default",
      "wrong repository: access to workflows: none: service repositories cannot call its workflows; must be organization",
    ]);
    const policy =
      '"deployment_branch_policy":{"protected_branches":false,"custom_branch_policies":true}';
    const put = "gh api --silent -X PUT repos/acme/idp";
    const main = `printf %s '{"name":"main","type":"branch"}' | gh api --silent -X POST repos/acme/idp/environments`;
    const lines = calls(all);
    expect(lines.slice(0, 5)).to.deep.equal([
      `printf %s '{${policy}}' | ${put}/environments/dev --input -`,
      `${main}/dev/deployment-branch-policies --input -`,
      "gh api --silent -X DELETE repos/acme/idp/environments/staging/deployment-branch-policies/361472",
      `printf %s '{${policy}}' | ${put}/environments/prod --input -`,
      `${main}/prod/deployment-branch-policies --input -`,
    ]);
    expect(lines.slice(5, 8)).to.deep.equal([
      "gh variable set IDP_REGION_DEV --body us-west-2 --repo acme/idp",
      "gh variable set IDP_REGION_STAGING --body us-west-2 --repo acme/idp",
      "gh variable set IDP_REGION_PROD --body us-west-2 --repo acme/idp",
    ]);
    expect(lines.slice(8).map((text) => text.replace(/^printf %s '.*' \| /, ""))).to.deep.equal([
      "gh api --silent -X POST repos/acme/idp/rulesets --input -",
      "gh api --silent -X POST repos/acme/idp/rulesets --input -",
      `${put}/actions/permissions --input -`,
      `${put}/actions/permissions/selected-actions --input -`,
      `${put}/actions/permissions/workflow --input -`,
      `${put}/actions/permissions/access --input -`,
    ]);
    expect(lines[8]).to.include(
      '"bypass_actors":[{"actor_id":123456,"actor_type":"Integration","bypass_mode":"always"}]',
    );
    expect(lines[8]).to.include('{"context":"end-to-end","integration_id":15368}');
  });

  it("on Free, in a private repository, have neither environments nor rulesets", async () => {
    const all = await settings(recorded("free"));
    expect(all.filter(({ state }) => state === "impossible").map(line)).to.deep.equal([
      ...environments.map(
        (name) =>
          `impossible ${name}: GitHub environment: GitHub free gives a private repository no environments`,
      ),
      "impossible repository: rulesets: GitHub free gives a private repository no rulesets",
    ]);
    expect(calls(all).filter((text) => /environments|rulesets/.test(text))).to.deep.equal([]);
  });

  it("are tried when the plan is unknown: GitHub then says what it refuses", async () => {
    const answers = { ...recorded("team"), "orgs/acme": { login: "acme", id: 12 } };
    const all = await settings(answers, platform({ reviewers: [{ type: "User", id: 5 }] }));
    const reviewers = all.find(({ name }) => name === "reviewers");
    expect(reviewers?.state).to.equal("wrong");
    expect(reviewers?.calls.map(callLine).join()).to.include(
      '"prevent_self_review":true,"reviewers":[{"type":"User","id":5}]',
    );
  });

  it("need a person: who approves prod, and which app pushes past the branch's rules", async () => {
    const answers = {
      ...recorded("enterprise"),
      "repos/acme/idp/environments/prod": {
        name: "prod",
        protection_rules: [{ id: 1, type: "branch_policy" }],
        deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
      },
      "repos/acme/idp/rulesets?includes_parents=false&per_page=100": [],
    };
    expect(notRight(await settings(answers)).map(line)).to.deep.equal([
      "open prod: reviewers: nobody has to approve what provisions prod: name a person or team with --reviewer",
      "open repository: ruleset branch: no app may push past it, and Image Updater pushes tags: name the number of its GitHub App with --updater-app",
      'wrong repository: ruleset tag: there is no ruleset "idp: release tags" for refs/tags/v*',
      "open repository: GitHub App: no app may push past the branch's ruleset: docs/runbooks/first-day.md#3-the-github-apps",
    ]);
  });

  it("keep reviewers, further checks and stricter numbers that are there", async () => {
    const before = recorded("enterprise");
    const path = "repos/acme/idp/rulesets/42";
    const answers = {
      ...before,
      [path]: {
        id: 42,
        name: "idp: deployed branch",
        enforcement: "evaluate",
        bypass_actors: [{ actor_id: 9, actor_type: "Team", bypass_mode: "pull_request" }],
        conditions: { ref_name: { include: ["refs/heads/main"], exclude: [] } },
        rules: [
          { type: "pull_request", parameters: { required_approving_review_count: 2 } },
          {
            type: "required_status_checks",
            parameters: { required_status_checks: [{ context: "own" }, { context: "check" }] },
          },
        ],
      },
    };
    const all = await settings(
      answers,
      platform({ updaterApp: 123456, reviewers: [{ type: "User", id: 5 }] }),
    );
    expect(notRight(all).map(line)).to.deep.equal([
      "wrong prod: reviewers: 1 reviewers; User 5 must be one",
      "wrong repository: ruleset branch: it is evaluate; must be active, it lacks deletion, it lacks non_fast_forward, " +
        "it does not require service-files, it does not require unit-tests, it does not require end-to-end, app 123456 may not push past it",
    ]);
    const [reviewers = "", ruleset = ""] = calls(all);
    expect(reviewers).to.include('"reviewers":[{"type":"Team","id":77},{"type":"User","id":5}]');
    expect(ruleset).to.match(/gh api --silent -X PUT repos\/acme\/idp\/rulesets\/42 --input -$/);
    expect(ruleset).to.include('"required_approving_review_count":2');
    expect(ruleset).to.include('{"context":"own"},{"context":"check"},{"context":"service-files"');
    expect(ruleset).to.include('{"actor_id":9,"actor_type":"Team","bypass_mode":"pull_request"}');
  });

  it("are unknown, not wrong, when GitHub does not say", async () => {
    const refused = { refused: "gh: Must have admin rights to Repository. (HTTP 403)" };
    const answers = Object.fromEntries(
      Object.entries(recorded("enterprise")).map(([path, answer]) => [
        path,
        path === "repos/acme/idp" ? answer : refused,
      ]),
    );
    const all = await settings(answers);
    expect(all.filter(({ state }) => state === "wrong").map(line)).to.deep.equal([]);
    expect(calls(all)).to.deep.equal([]);
  });

  it("let no pull request of a fork run on a runner of one's own", async () => {
    const path = "repos/acme/idp/actions/variables?per_page=30";
    const variables = recorded("enterprise")[path] ?? {};
    const answers = { ...recorded("public"), [path]: variables };
    expect(notRight(await settings(answers)).map(line)).to.deep.equal([
      "open repository: self-hosted runners: the repository is public, and a fork's pull request may run on what IDP_RUNNER_STAGING, IDP_RUNNER_PROD name: make it private",
    ]);
  });

  it("take the label of the stack's own runner, and leave that of another one alone", () => {
    const runner = (stack: StackFacts) => {
      const all = platformNeeds("main", [stack], { reviewers: [], updaterApp: undefined });
      return all.variables[0]?.[1].find(({ name }) => name.startsWith("IDP_RUNNER_"));
    };
    const [dev] = stacks;
    if (dev === undefined) throw new Error("there is no stack");
    const name = "IDP_RUNNER_DEV";
    const label = "codebuild-idp-dev-runner-{0}-{1}";
    expect(runner({ ...dev, outputs: { runnerLabel: label } })).to.deep.equal({
      name,
      value: label,
    });
    for (const outputs of [undefined, {}]) {
      const none = { name, value: undefined };
      expect(runner({ ...dev, outputs })).to.deep.equal({ ...none, why: "may" });
      expect(runner({ ...dev, outputs, isPrivate: true })).to.deep.equal({ ...none, why: "must" });
    }
  });

  it("name the app that cannot write", async () => {
    const path = "orgs/acme/installations?per_page=100";
    const app = (change: object) => ({
      ...recorded("enterprise"),
      [path]: {
        installations: [
          { app_id: 123456, app_slug: "updater", permissions: { contents: "write" }, ...change },
        ],
      },
    });
    const found = async (change: object) => notRight(await settings(app(change))).map(line);
    expect(await found({})).to.deep.equal([]);
    expect(await found({ permissions: { contents: "read" } })).to.deep.equal([
      "open repository: GitHub App: updater has contents: read; must be able to write contents",
    ]);
    expect(await found({ suspended_at: "2026-11-27T09:00:00Z" })).to.deep.equal([
      "open repository: GitHub App: updater is suspended; must be able to write contents",
    ]);
    expect(await found({ app_id: 1 })).to.deep.equal([
      "open repository: GitHub App: the organisation has not installed app 123456",
    ]);
  });
});

describe("a service's repository on GitHub", () => {
  it("lets dev be used by its default branch and by release tags, the others by release tags", async () => {
    const role = "arn:aws:iam::100000000001:role/idp-github-publish-idp-localtime-1";
    const wanted = serviceNeeds(
      "trunk",
      "idp/localtime",
      stacks.map((stack): StackFacts => ({
        ...stack,
        publishRoles: stack.environment === "dev" ? { "idp/localtime": role } : {},
      })),
    );
    const all = await settings(
      { ...recorded("team"), "repos/acme/idp/environments/dev": null },
      wanted,
    );
    const names = calls(all).flatMap(
      (text) =>
        /'\{"name":"(.*?)","type":"(.*?)"\}' \| .*environments\/(\w+)/
          .exec(text)
          ?.slice(1)
          .join(" ") ?? [],
    );
    expect(names).to.deep.equal([
      "trunk branch dev",
      "v* tag dev",
      "v* tag staging",
      "v* tag prod",
    ]);
    expect(calls(all).filter((text) => text.includes("variable set"))).to.deep.equal([
      "gh variable set IDP_REGION --body us-west-2 --repo acme/idp --env dev",
      `gh variable set IDP_PUBLISH_ROLE --body ${role} --repo acme/idp --env dev`,
      "gh variable set IDP_REGION --body us-west-2 --repo acme/idp --env staging",
      "gh variable set IDP_REGION --body us-west-2 --repo acme/idp --env prod",
    ]);
    expect(all.map(({ name }) => name)).not.to.include("allowed actions");
  });

  it("has a variable of its own for a second image, and leaves the first one's alone", () => {
    const dev = stacks
      .slice(0, 1)
      .map((stack): StackFacts => ({ ...stack, publishRoles: { "idp/clock": "arn:clock" } }));
    const { environmentVariables } = serviceNeeds("main", "idp/clock", dev, "CLOCK_ROLE");
    expect(environmentVariables).to.deep.equal({
      dev: [
        { name: "IDP_REGION", value: "us-west-2" },
        { name: "CLOCK_ROLE", value: "arn:clock" },
      ],
    });
  });
});

describe("idp doctor: GitHub's settings", () => {
  const facts = {
    accountId: "100000000001",
    region: "us-west-2",
    publicAccessCidrs: ["10.0.0.0/8"],
    stateBackend: undefined,
    hasApp: true,
    writer: undefined,
  };
  const doctor = async (name: string, change: Partial<GithubFacts> = {}) => {
    const all = environments.map((environment) => ({
      environment,
      facts: { ...facts, ...change },
    }));
    const checks = await githubChecks(repository, "main", all, github(recorded(name)));
    return checks
      .filter(({ status }) => status !== "ok")
      .map((check) => `${check.status} ${check.about}: ${check.name} | ${check.fix ?? ""}`);
  };

  it("are fine on Enterprise", async () => {
    expect(await doctor("enterprise")).to.deep.equal([]);
  });

  it("on Team miss a rule, and have no reviewers by plan", async () => {
    const make = "npx idp github setup, then --apply";
    const later = "npx idp github setup --apply, once the stack is there";
    expect(await doctor("team")).to.deep.equal([
      `failed dev: GitHub environment | ${make}`,
      `failed staging: GitHub environment | ${make}`,
      `failed prod: GitHub environment | ${make}`,
      "warning prod: reviewers | docs/workflows.md#what-each-plan-gives says what to do without",
      `failed dev: variables | ${make}`,
      `warning dev: variables | ${later}`,
      `failed staging: variables | ${make}`,
      `warning staging: variables | ${later}`,
      `failed prod: variables | ${make}`,
      `warning prod: variables | ${later}`,
      "failed repository: ruleset branch | npx idp github setup --updater-app <number> --apply",
      `failed repository: ruleset tag | ${make}`,
      `failed repository: allowed actions | ${make}`,
      `failed repository: pull requests by Actions | ${make}`,
      `failed repository: access to workflows | ${make}`,
      "failed repository: GitHub App | docs/runbooks/first-day.md#3-the-github-apps",
    ]);
  });

  it("need an app where Argo CD reads a private repository, in every stack", async () => {
    const missing = environments.map(
      (name) =>
        `failed ${name}: GitHub App of Argo CD | pulumi config set --secret idp:githubApp -s ${name} < github-app.json`,
    );
    const writer = { appId: "123456" };
    expect(await doctor("enterprise", { hasApp: false })).to.deep.equal(missing);
    expect(await doctor("enterprise", { hasApp: false, writer })).to.deep.equal(missing);
    expect(await doctor("public", { hasApp: false })).to.deep.equal([]);
  });

  it("let the app that writes past the ruleset, and no other", async () => {
    expect(await doctor("enterprise", { writer: { appId: "123456" } })).to.deep.equal([]);
    expect(await doctor("enterprise", { writer: { appId: "7" } })).to.deep.equal([
      "failed repository: ruleset branch | npx idp github setup, then --apply",
      "failed repository: GitHub App | docs/runbooks/first-day.md#3-the-github-apps",
      "warning repository: ruleset's bypass | take it off the ruleset's bypass list unless you know what it is for: it must never be the app of idp:githubApp",
    ]);
  });

  it("on Free are impossible, and the doctor says so", async () => {
    const impossible = (await doctor("free")).filter((text) =>
      text.includes("what-each-plan-gives"),
    );
    expect(impossible).to.have.length(4);
  });
});
