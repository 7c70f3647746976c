import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { removeTree } from "../../lib/remove-tree.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { emptyGithub, serveApi, type Api, type Stored } from "./runner/api.ts";
import {
  dispatch,
  mergeGroup,
  pullRequest,
  push,
  schedule,
  tagPush,
  type Event,
} from "./runner/events.ts";
import { Origin, type Changes } from "./runner/origin.ts";
import { evicted, type Arrival } from "./runner/queue.ts";
import { run, type Github, type JobRun, type Run } from "./runner/run.ts";
import { deployedBranch } from "./workflows.ts";

/**
 * Runs the workflows by the runner in runner/: its doc comments say what is real and what is played. Each `seed` puts back
 * a fault that these workflows once had; the runner must say what GitHub would have said.
 *
 * With `IDP_WORKFLOWS_AT=<commit>` in the environment the workflows are that commit's. On 0c673f9, before these tests
 * were there, those fail that compare a pull request, need the environment dev open, open the pull request, lose no merge,
 * or show and audit what is set up; the tests with a seed do not apply.
 */

/** Variables of a repository whose environments are set up, with the states in S3. */
function variablesOf(...stacks: readonly string[]): Record<string, string> {
  const pairs = stacks.flatMap((stack) => [
    [`IDP_REGION_${stack}`, "us-west-2"],
    [`IDP_BACKEND_${stack}`, "s3://states"],
    ...["AUDIT", "PREVIEW", "PROMOTE", "PROVISION", "SYNC"].map((access) => [
      `IDP_${access}_ROLE_${stack}`,
      `arn:${access}`,
    ]),
  ]);
  return z.record(z.string(), z.string()).parse(Object.fromEntries(pairs));
}
const everything = variablesOf("DEV", "STAGING", "PROD");

/** What `idp check` asks git, without the rules: charts and rules are in test/workflows/service-files.tools.test.ts. */
const lookAtBase = `exec node --input-type=module -e '
  import { filesBefore } from "./cli/base.ts";
  const branch = process.env.GITHUB_BASE_REF;
  filesBefore(".", branch ? "origin/" + branch : undefined);'`;

/** A command that is not about the clone: this work tree's own. */
const ours = `shift; exec '${process.execPath}' '${repositoryRoot}/bin/idp.js' "$@"`;

const deployed = `refs/heads/${deployedBranch}`;
const workflow = (file: string) => `.github/workflows/${file}`;
const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");

/** What the page tells people to let through in the environments of a service's repository. */
function servicesEnvironments(from: Origin): Record<string, string[]> {
  const page = from.read(deployedBranch, "docs/workflows.md").replaceAll(/\s+/g, " ");
  const [, dev = ""] =
    /service's repository[^:]*: `dev` for its ([^;]*); `staging`/.exec(page) ?? [];
  expect(dev, "docs/workflows.md says what `dev` lets through").to.include("default branch");
  const tags = "refs/tags/v*";
  const forDev = [deployed, ...(dev.includes("tags `v*`") ? [tags] : [])];
  return { dev: forDev, staging: [tags], prod: [tags] };
}

/** Returns a file with one thing replaced, which must be there. */
function seed(path: string, ...changes: readonly (readonly [RegExp, string])[]): Changes {
  const text = changes.reduce((before, [found, other]) => {
    const after = before.replaceAll(found, other);
    expect(after, `${path} has no ${found.source}`).not.to.equal(before);
    return after;
  }, read(path));
  return { [path]: text };
}

const results = (found: Run | undefined) =>
  Object.fromEntries((found?.jobs ?? []).map(({ name, result }) => [name, result]));

/** Returns the log of the first step of a job that failed. */
function failure(found: Run | undefined, name: string): string {
  const job = found?.jobs.find((candidate) => candidate.name === name);
  return job?.steps.find(({ result }) => result === "failure")?.log ?? "nothing failed";
}

describe("the workflows, run as GitHub documents it", function () {
  this.timeout(120_000);
  let scratch: string;
  let api: Api;
  let stored: Stored;

  before(async () => {
    stored = emptyGithub();
    api = await serveApi(stored);
  });
  after(() => {
    api.close();
  });
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp-runner-"));
    for (const list of [stored.comments, stored.issues, stored.pulls, stored.written])
      list.length = 0;
  });
  afterEach(() => {
    removeTree(scratch);
  });

  const origin = (changes?: Changes) => new Origin(join(scratch, "origin"), changes);
  const go = (from: Origin, file: string, event: Event, github: Github = {}) =>
    run(scratch, from, file, event, {
      variables: everything,
      apiUrl: api.url,
      ...github,
      played: {
        ...github.played,
        "node bin/idp.js check": lookAtBase,
        "node bin/idp.js report": ours,
      },
    });

  describe("policy.yml", () => {
    const fine = { check: "success", "service-files": "success", "unit-tests": "success" };

    it("compares a pull request with the branch that it goes to", async () => {
      const from = origin();
      const event = pullRequest(from, { "argocd/applications/dev/new.yaml": "port: 80\n" });
      const found = await go(from, "policy.yml", event);
      expect(results(found), failure(found, "check")).to.deep.equal(fine);
      expect(found?.calls).to.include("make test base=");
    });

    it("runs for the merge queue, which has no such branch", async () => {
      const from = origin();
      expect(results(await go(from, "policy.yml", mergeGroup(from)))).to.deep.equal(fine);
    });

    it("fails with a clone of one commit", async () => {
      const from = origin(seed(workflow("policy.yml"), [/fetch-depth: 0/g, "fetch-depth: 1"]));
      const found = await go(from, "policy.yml", pullRequest(from, { "a.md": "a" }));
      expect(results(found)).to.deep.equal({
        ...fine,
        check: "failure",
        "service-files": "failure",
      });
      for (const job of ["check", "service-files"]) {
        expect(failure(found, job)).to.include(
          `--base origin/${deployedBranch}: git does not know it`,
        );
      }
      // On main nobody notices.
      expect(results(await go(from, "policy.yml", push(from, { "b.md": "b" })))).to.deep.equal(
        fine,
      );
    });
  });

  describe("e2e.yml", () => {
    it("tests a change of code; only the checks know the branch that it goes to", async () => {
      const from = origin();
      const found = await go(from, "e2e.yml", pullRequest(from, { "index.ts": "// changed" }));
      expect(results(found), failure(found, "twin")).to.deep.equal({
        changes: "success",
        twin: "success",
        "end-to-end": "success",
      });
      expect(found?.calls.filter((call) => call.includes(" base="))).to.deep.equal([
        "make test base=",
        "make test-tools base=",
        "make e2e base=",
      ]);
      expect(found?.calls[0]).to.match(/^sudo rm -rf \/usr\/local\/lib\/android /);
      expect(found?.calls).to.include("sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    });

    it("answers at once for a service's file, its golden files and its costs", async () => {
      const from = origin();
      const event = pullRequest(from, {
        "argocd/applications/dev/new.yaml": "port: 80\n",
        "test/golden/dev.json": "[]",
        "docs/cost.md": "more",
      });
      expect(results(await go(from, "e2e.yml", event))).to.deep.equal({
        changes: "success",
        twin: "skipped",
        "end-to-end": "success",
      });
    });

    it("runs by hand whatever changed last", async () => {
      const from = origin();
      push(from, { "argocd/applications/dev/new.yaml": "port: 80\n" });
      expect(results(await go(from, "e2e.yml", dispatch(from)))).to.include({ twin: "success" });
    });

    const failing = { played: { "make e2e": 'echo "  1 failing"; exit 1' } };

    it("keeps the tools that it built when a test fails, and says that one did", async () => {
      const from = origin();
      const event = push(from, { "index.ts": "// changed" });
      const found = await go(from, "e2e.yml", event, failing);
      expect(results(found)).to.include({ twin: "failure", "end-to-end": "failure" });
      const [kept = "", ...more] = readdirSync(join(scratch, "caches"));
      expect([kept.replace(/[0-9a-f]{64}/, "HASH"), ...more]).to.deep.equal([
        "toolchain-Linux-X64-HASH-whole",
      ]);
    });

    it("keeps the tools built so far when one does not build, and goes on with them", async () => {
      const from = origin();
      const event = push(from, { "index.ts": "// changed" });
      const partly = "mkdir -p ~/.cache/idp/tools && touch ~/.cache/idp/tools/half && exit 1";
      await go(from, "e2e.yml", event, { played: { "make toolchain": partly } });
      const there = "test -e ~/.cache/idp/tools/half && touch ~/.cache/idp/tools/built";
      const found = await go(from, "e2e.yml", event, { played: { "make toolchain": there } });
      expect(results(found), failure(found, "twin")).to.include({ twin: "success" });
      expect(
        readdirSync(join(scratch, "caches")).map((key) => key.split("-").at(-1)),
      ).to.have.members(["1", "whole"]);
    });

    it("keeps nothing with actions/cache, which saves only after success", async () => {
      const from = origin(
        seed(
          workflow("e2e.yml"),
          [/actions\/cache\/restore@/g, "actions/cache@"],
          [/- if: always\(\) && steps\.cache/g, "- if: false && steps.cache"],
        ),
      );
      await go(from, "e2e.yml", push(from, { "index.ts": "// changed" }), failing);
      expect(() => readdirSync(join(scratch, "caches"))).to.throw("ENOENT");
    });
  });

  describe("preview.yml", () => {
    const change = { "components/network.ts": "// changed" };
    const previews = (found: Run | undefined) =>
      Object.keys(results(found)).filter((name) => name.startsWith("preview"));
    const cost = { "node bin/idp.js cost": "echo cost" };

    it("shows each stack that is set up, and no other", async () => {
      const from = origin();
      const found = await go(from, "preview.yml", pullRequest(from, change), {
        variables: variablesOf("DEV"),
        played: cost,
      });
      expect(results(found), failure(found, "preview (dev)")).to.deep.equal({
        "preview (dev)": "success",
        comment: "success",
      });
      expect(found?.calls.filter((call) => call.includes("report"))).to.deep.equal([
        "node bin/idp.js report comment 12 --title Preview previews/dev.txt previews/dev-cost.txt",
      ]);
      expect(stored.written).to.deep.equal(["POST issues/12/comments"]);
    });

    it("shows nothing while no stack is set up, and nothing to a fork", async () => {
      const from = origin();
      const event = pullRequest(from, change);
      const none = { preview: "skipped", comment: "skipped" };
      expect(results(await go(from, "preview.yml", event, { variables: {} }))).to.deep.equal(none);
      const pull = { head: { repo: { full_name: "eve/idp" } } };
      const fork = { ...event, payload: { ...event.payload, pull_request: pull } };
      expect(results(await go(from, "preview.yml", fork))).to.deep.equal(none);
    });

    it("shows what Dependabot proposes once a person has pushed to it", async () => {
      const from = origin();
      const author = "dependabot[bot]";
      const event = pullRequest(from, change, { author, actor: author });
      expect(previews(await go(from, "preview.yml", event))).to.deep.equal(["preview"]);
      const pushed = await go(from, "preview.yml", { ...event, actor: "ann" }, { played: cost });
      expect(previews(pushed)).to.have.length(3);
    });

    it("says which variable is missing", async () => {
      const from = origin();
      const variables = { IDP_PREVIEW_ROLE_DEV: "arn:dev" };
      const found = await go(from, "preview.yml", pullRequest(from, change), { variables });
      expect(failure(found, "preview (dev)")).to.include(
        "::error::the variable IDP_REGION_DEV is empty, see docs/workflows.md#variables",
      );
    });

    it("runs into Pulumi's own login where the set-up is skipped without a role", async () => {
      const from = origin({
        ...seed(workflow("preview.yml"), [/ {8}exclude:\n( {10}- stack: .*\n)+/g, ""]),
        ...seed(".github/actions/setup/action.yml", [/inputs\.stack != ''/g, "inputs.role != ''"]),
      });
      const found = await go(from, "preview.yml", pullRequest(from, change), {
        variables: { IDP_PREVIEW_ROLE_DEV: "arn:dev", IDP_REGION_DEV: "us-west-2" },
      });
      expect(results(found)).to.include({
        "preview (staging)": "failure",
        "preview (prod)": "failure",
      });
      expect(failure(found, "preview (prod)")).to.include("PULUMI_ACCESS_TOKEN must be set");
    });
  });

  describe("drift.yml", () => {
    const audited = { played: { "node bin/idp.js audit": 'echo "$STACK"; exit "${FAILS:-0}"' } };

    it("audits what is set up, and opens an issue for what it finds", async () => {
      const from = origin();
      const found = await go(from, "drift.yml", schedule(from), {
        variables: variablesOf("DEV", "PROD"),
        played: { "node bin/idp.js audit prod": "echo 3 changes; exit 1", ...audited.played },
      });
      expect(results(found), failure(found, "issue")).to.deep.equal({
        "audit (dev)": "success",
        "audit (prod)": "failure",
        issue: "success",
      });
      expect(stored.written).to.deep.equal(["POST issues"]);
    });

    it("does nothing while no stack is set up, or on another branch", async () => {
      const from = origin();
      const none = { audit: "skipped", issue: "skipped" };
      const empty = { variables: {} };
      expect(results(await go(from, "drift.yml", schedule(from), empty))).to.deep.equal(none);
      const other = { ...dispatch(from), ref: "refs/heads/try" };
      expect(results(await go(from, "drift.yml", other))).to.deep.equal(none);
    });

    it("speaks of dev while prod waits for an approval", async () => {
      const heldGroups = ["stack-prod"];
      const from = origin();
      const found = await go(from, "drift.yml", schedule(from), { ...audited, heldGroups });
      expect(results(found)).to.include({ issue: "success" });
    });

    it("says nothing in the group of those who change the stack, while prod waits for an approval", async () => {
      const heldGroups = ["stack-prod"];
      const from = origin(seed(workflow("drift.yml"), [/group: audit-/g, "group: stack-"]));
      const found = await go(from, "drift.yml", schedule(from), { ...audited, heldGroups });
      expect(results(found)).to.deep.equal({
        "audit (dev)": "success",
        "audit (staging)": "success",
        "audit (prod)": "pending",
        issue: "pending",
      });
    });
  });

  describe("outdated.yml", () => {
    const look = (said: string) => ({ played: { "node bin/idp.js outdated": said } });

    it("opens one issue for what is newer, and stays green", async () => {
      const from = origin();
      const newer = look('[[ -n $GH_TOKEN ]] && echo "1 of 4 to look at"; exit 1');
      const found = await go(from, "outdated.yml", schedule(from), newer);
      expect(results(found), failure(found, "issue")).to.deep.equal({ issue: "success" });
      expect(found?.calls.at(-1)).to.equal(
        "node bin/idp.js report issue --title Newer releases --result failure outdated.txt",
      );
      expect(stored.written).to.deep.equal(["POST issues"]);
    });

    it("says nothing when all are the newest, and on another branch", async () => {
      const from = origin();
      const found = await go(from, "outdated.yml", schedule(from), look("echo all"));
      expect(results(found)).to.deep.equal({ issue: "success" });
      const other = dispatch(from, {}, "refs/heads/try");
      expect(results(await go(from, "outdated.yml", other))).to.deep.equal({ issue: "skipped" });
      expect(stored.written).to.deep.equal([]);
    });
  });

  describe("the queue of a stack", () => {
    const arrivals = (name: string, found: Run | undefined): Arrival[] =>
      (found?.jobs ?? []).flatMap(({ name: job, concurrency }: JobRun) =>
        concurrency?.group.endsWith("-dev") === true
          ? [
              {
                name: `${name} ${job}`,
                ...concurrency,
                cancelInProgress: concurrency["cancel-in-progress"] === true,
              },
            ]
          : [],
      );
    const night = async (from: Origin) => {
      const up = async (name: string) => {
        const event = push(from, { "index.ts": `// ${name}` });
        const played = { "node bin/idp.js changes": "echo '[\"dev\"]'" };
        const found: Arrival[] = [];
        for (const file of from.workflows(/^provision/)) {
          found.push(...arrivals(name, await go(from, file, event, { played })));
        }
        return found;
      };
      const audit = await go(from, "drift.yml", schedule(from));
      const destroy = await go(
        from,
        "destroy.yml",
        dispatch(from, { confirmation: "destroy dev" }),
      );
      return evicted([
        ...(await up("first")),
        ...(await up("second")),
        ...arrivals("night", audit),
        ...arrivals("person", destroy),
        ...(await up("third")),
      ]);
    };

    it("loses no merge, whoever comes at night", async () => {
      expect(await night(origin())).to.deep.equal([]);
    });

    it("loses a merge to the audit in its own group, and what comes next to the one after", async () => {
      const single = [/ {6}queue: max\n/g, ""] as const;
      const from = origin({
        ...seed(workflow("drift.yml"), [/group: audit-/g, "group: stack-"]),
        ...seed(workflow("provision-stack.yml"), single),
        ...seed(workflow("destroy.yml"), single),
      });
      expect(await night(from)).to.deep.equal([
        "second dev/up",
        "night audit (dev)",
        "person destroy",
      ]);
    });

    it("keeps a hundred waiting", () => {
      const many = Array.from({ length: 103 }, (_, index): Arrival => {
        return { name: String(index), group: "g", queue: "max", cancelInProgress: false };
      });
      expect(evicted(many)).to.deep.equal(["101", "102"]);
    });

    it("stops what runs where it may", () => {
      const one = { group: "g", queue: "single", cancelInProgress: true } as const;
      expect(
        evicted([
          { ...one, name: "old" },
          { ...one, name: "new" },
        ]),
      ).to.deep.equal(["old"]);
    });
  });

  describe("provision.yml", () => {
    /** The command with its own stacks, on the clone. */
    const changes = {
      "node bin/idp.js changes": `shift; exec '${process.execPath}' bin/idp.js "$@"`,
    };
    const here = (stacks: readonly string[]) => ({
      longestSession: 7200,
      played: { "node bin/idp.js changes": `echo '${JSON.stringify(stacks)}'` },
    });
    const edit = { "components/network.ts": "// changed" };
    const all = ["dev", "staging", "prod"];

    it("goes from dev over staging to prod", async () => {
      const from = origin();
      const found = await go(from, "provision.yml", push(from, edit), here(all));
      expect(Object.entries(results(found)), failure(found, "changes")).to.deep.equal([
        ["changes", "success"],
        ["dev/up", "success"],
        ["staging/up", "success"],
        ["prod/up", "success"],
      ]);
    });

    it("stops at the first stack that fails", async () => {
      const from = origin();
      const github = here(all);
      const played = {
        ...github.played,
        "pulumi preview": 'echo "1 to create"; echo "warning: is slow" >&2',
        "pulumi up": 'echo "error: no room" >&2; [[ $PULUMI_STACK != staging ]]',
      };
      const found = await go(from, "provision.yml", push(from, edit), { ...github, played });
      expect(results(found)).to.deep.equal({
        changes: "success",
        "dev/up": "success",
        "staging/up": "failure",
        prod: "skipped",
      });
      const up = found?.jobs.find(({ name }) => name === "staging/up");
      expect(up?.summary).to.equal(
        "It failed: the log of its step says why. The preview:\n\n```text\n1 to create\nwarning: is slow\n```\n",
      );
    });

    it("changes nothing when the preview is refused, and says why", async () => {
      const from = origin();
      const github = here(["prod"]);
      const played = {
        ...github.played,
        "pulumi preview": 'echo "error: a policy refuses it"; exit 1',
        "pulumi up": "echo 'it was run' >&2; exit 1",
      };
      const found = await go(from, "provision.yml", push(from, edit), { ...github, played });
      const up = found?.jobs.find(({ name }) => name === "prod/up");
      expect(up?.result).to.equal("failure");
      expect(up?.summary).to.include("error: a policy refuses it");
      expect(failure(found, "prod/up")).not.to.include("it was run");
    });

    it("passes over a stack without work, without a role, or kept for people", async () => {
      const from = origin();
      const event = push(from, edit);
      const found = await go(from, "provision.yml", event, here(["staging", "prod"]));
      expect(results(found)).to.include({
        dev: "skipped",
        "staging/up": "success",
        "prod/up": "success",
      });
      const none = { changes: "success", dev: "skipped", staging: "skipped", prod: "skipped" };
      const empty = { ...here(all), variables: {} };
      expect(results(await go(from, "provision.yml", event, empty))).to.deep.equal(none);
      const byHand = { ...here(["prod"]), variables: { ...everything, IDP_BY_HAND: "prod" } };
      expect(results(await go(from, "provision.yml", event, byHand))).to.deep.equal(none);
      const started = await go(from, "provision.yml", dispatch(from, { stack: "prod" }), byHand);
      expect(results(started)).to.include({ dev: "skipped", "prod/up": "success" });
    });

    it("starts by hand what it is told to", async () => {
      const from = origin();
      const found = await go(from, "provision.yml", dispatch(from, { stack: "all" }), here([]));
      expect(Object.keys(results(found))).to.deep.equal([
        "changes",
        "dev/up",
        "staging/up",
        "prod/up",
      ]);
      const other = { ...dispatch(from, { stack: "all" }), ref: "refs/heads/try" };
      expect(results(await go(from, "provision.yml", other))).to.deep.equal({
        changes: "skipped",
        dev: "skipped",
        staging: "skipped",
        prod: "skipped",
      });
    });

    it("is refused credentials that live longer than the role allows", async () => {
      const from = origin();
      const github = { ...here(["dev"]), longestSession: 3600 };
      const found = await go(from, "provision.yml", push(from, edit), github);
      expect(failure(found, "dev/up")).to.include("exceeds the MaxSessionDuration");
    });

    it("asks GitHub what each stack has, and leaves dev down once it was taken down", async () => {
      const from = new Origin(join(scratch, "origin"), {}, { whole: true });
      const job = (stack: string, conclusion: string | null, status = "completed") => ({
        name: `${stack} / pulumi up ${stack}`,
        status,
        conclusion,
      });
      const run = (id: number, at: string) => ({
        id,
        head_sha: from.head(deployedBranch),
        created_at: at,
      });
      const older = run(1, "2026-11-01T00:00:00Z");
      // Only staging's changes; its run failed, and prod's waits for its approval.
      push(from, edit);
      const newer = run(2, "2026-11-02T00:00:00Z");
      stored.runs["provision.yml"] = [newer, older];
      stored.jobs["1"] = all.map((stack) => job(stack, "success"));
      stored.jobs["2"] = [
        job("dev", "success"),
        job("staging", "failure"),
        job("prod", null, "waiting"),
      ];
      const file = "argocd/applications/prod/time-service.yaml";
      const text = from.read(deployedBranch, file).replace(/tag: .*/, "tag: v9.9.9");
      const github = { longestSession: 7200, played: changes };
      const tag = await go(from, "provision.yml", push(from, { [file]: text }), github);
      expect(results(tag), failure(tag, "changes")).to.deep.equal({
        changes: "success",
        dev: "skipped",
        "staging/up": "success",
        prod: "skipped",
      });
      stored.runs["destroy.yml"] = [run(3, "2026-11-03T00:00:00Z")];
      const next = await go(from, "provision.yml", push(from, { "index.ts": "// next" }), github);
      expect(results(next)).to.include({
        dev: "skipped",
        "staging/up": "success",
        "prod/up": "success",
      });
    });
  });

  describe("promote.yml", () => {
    /** The command's last step; the evidence before it needs three registries. */
    const open = `exec node --input-type=module -e '
      import * as api from "./cli/github-api.ts";
      const wanted = { head: "promote/prod/a-v1.2.3", base: "main", title: "t", body: "b" };
      // The call alone is what there was before the function.
      const open = api.openPullRequest ?? ((job) => api.callGithub(job, "POST", "pulls", wanted));
      console.log(await open(api.githubJob(process.env), wanted));'`;
    const promote = (from: Origin) =>
      go(from, "promote.yml", dispatch(from, { service: "a", version: "v1.2.3" }), {
        played: { "node bin/idp.js promote": open },
      });

    it("opens the pull request, once", async () => {
      stored.actionsMayOpenPullRequests = true;
      const from = origin();
      expect(results(await promote(from))).to.deep.equal({ promote: "success" });
      expect(results(await promote(from))).to.deep.equal({ promote: "success" });
      expect(stored.written).to.deep.equal(["POST pulls"]);
    });

    it("says which setting forbids it, as every new organisation's does", async () => {
      stored.actionsMayOpenPullRequests = false;
      const said = failure(await promote(origin()), "promote");
      expect(said)
        .to.include("GitHub answered 403 to POST pulls")
        .and.include(
          'Settings > Actions > General, "Allow GitHub Actions to create and approve pull requests"',
        );
      expect(said).not.to.include("Does the job have the permission");
    });

    it("says which permission the job lacks", async () => {
      const from = origin(seed(workflow("promote.yml"), [/ {6}pull-requests: write\n/g, ""]));
      const said = failure(await promote(from), "promote");
      expect(said).to.include("Does the job have the permission, `pull-requests: write`");
    });

    it("runs on the deployed branch alone", async () => {
      const from = origin();
      const event = dispatch(from, { service: "a", version: "v1.2.3" }, "refs/heads/try");
      expect(results(await go(from, "promote.yml", event))).to.deep.equal({ promote: "skipped" });
    });
  });

  describe("prod-sync.yml", () => {
    const says = { "node bin/idp.js sync": 'printf "[%s]" "$@"; git config credential.helper' };
    const sync = (from: Origin, inputs: Readonly<Record<string, string>>, github: Github = {}) =>
      go(from, "prod-sync.yml", dispatch(from, inputs), { played: says, ...github });
    const step = (found: Run | undefined) =>
      found?.jobs[0]?.steps.find(({ name }) => name === "Sync")?.log;

    it("syncs one service to main under prod's rules, on the runner's own session", async () => {
      const found = await sync(origin(), { service: "clock", version: "v1.2.3", prune: "true" });
      expect(results(found), failure(found, "sync")).to.deep.equal({ sync: "success" });
      expect(found?.jobs[0]?.environment).to.equal("prod");
      expect(step(found)).to.match(
        /^\[bin\/idp\.js\]\[sync\]\[--expect\]\[v1\.2\.3\]\[--prune\]\[--\]\[clock\]\[prod\]!f\(\)/,
      );
      expect(found?.calls.filter((call) => call.startsWith("pulumi"))).to.deep.equal([]);
    });

    it("takes the version of main and deletes nothing unless it is told to", async () => {
      const found = await sync(origin(), { service: "clock" });
      expect(step(found)).to.include("[bin/idp.js][sync][--][clock][prod]");
    });

    it("takes no word for an option, and none for a command", async () => {
      const found = await sync(origin(), { service: "--prune", version: "v1 $(id)" });
      expect(step(found)).to.include("[sync][--expect][v1 $(id)][--][--prune][prod]");
    });

    it("is red when the sync is", async () => {
      const played = { "node bin/idp.js sync": 'echo "The sync of clock failed" >&2; exit 1' };
      const found = await sync(origin(), { service: "clock" }, { played });
      expect(failure(found, "sync")).to.include("The sync of clock failed");
    });

    it("says which variable is missing", async () => {
      const { IDP_SYNC_ROLE_PROD: role, ...variables } = everything;
      expect(role).to.equal("arn:SYNC");
      const none = await sync(origin(), { service: "clock" }, { variables });
      expect(failure(none, "sync")).to.include("::error::the variable IDP_SYNC_ROLE_PROD is empty");
    });

    it("does nothing on another branch, and is not let into prod from one", async () => {
      const from = origin();
      const other = dispatch(from, { service: "clock" }, "refs/heads/try");
      expect(results(await go(from, "prod-sync.yml", other))).to.deep.equal({ sync: "skipped" });
      const free = origin(seed(workflow("prod-sync.yml"), [/ {4}if: .*\n/g, ""]));
      const found = await go(free, "prod-sync.yml", dispatch(free, { service: "a" }, other.ref), {
        environments: { prod: [deployed] },
      });
      expect(failure(found, "sync")).to.include('Branch "try" is not allowed to deploy to prod');
    });
  });

  describe("a release", () => {
    // The two workflows run in a service's repository; this one stands for it.
    const caller: Changes = {
      [workflow("release.yml")]:
        'name: Release\non: { push: { tags: ["v*"] } }\npermissions: {}\njobs:\n  release:\n    permissions: { contents: read, id-token: write }\n    uses: ./.github/workflows/service-release.yml\n    with: { image: idp/localtime }\n',
    };
    const publish = { variables: { IDP_PUBLISH_ROLE: "arn:publish", IDP_REGION: "us-west-2" } };

    it("needs the environment dev open for tags, as the page says", async () => {
      const from = origin(caller);
      const rules = servicesEnvironments(from);
      const event = tagPush(from, "v1.2.3");
      const found = await go(from, "release.yml", event, { ...publish, environments: rules });
      expect(failure(found, "release/fetch")).not.to.include("not allowed to deploy");
      const closed = await go(from, "release.yml", event, {
        ...publish,
        environments: { ...rules, dev: [deployed] },
      });
      expect(results(closed)).to.deep.equal({
        "release/fetch": "failure",
        "release/publish": "skipped",
      });
      expect(failure(closed, "release/fetch")).to.equal(
        'Tag "v1.2.3" is not allowed to deploy to dev due to environment protection rules.',
      );
    });

    it("does not begin for another branch or tag", async () => {
      const from = origin(caller);
      for (const event of [tagPush(from, "1.2.3"), push(from, { "a.md": "a" })]) {
        expect(await go(from, "release.yml", event, publish)).to.equal(undefined);
      }
    });
  });
});
