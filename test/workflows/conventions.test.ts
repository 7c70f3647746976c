import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { committed } from "../../config/committed.ts";
import { readStackFiles } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { tools } from "../../twin/toolchain/tools.ts";
import { commandSteps, deployedBranch, jobs, setupSteps, sources, workflows } from "./workflows.ts";

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");

/** Jobs that have steps; the others call a workflow. */
const running = jobs.filter(({ job }) => job.uses === undefined);

describe("workflows", () => {
  it("are exactly these", () => {
    expect([...workflows.keys()].sort()).to.deep.equal([
      "conformance",
      "destroy",
      "drift",
      "e2e",
      "outdated",
      "policy",
      "preview",
      "prod-sync",
      "promote",
      "provision",
      "provision-stack",
      "service-build",
      "service-release",
    ]);
  });

  it("work on the branch that the settings of every stack deploy", () => {
    const stacks = readStackFiles(repositoryRoot).map((file) => committed(file).repository.branch);
    expect(new Set(stacks), "idp:repository.branch of the stacks").to.have.all.keys(deployedBranch);
    const named = [...sources].flatMap(([path, text]) =>
      [...text.matchAll(/'refs\/heads\/([^']+)'|\bbranches: \[(.*)\]/g)].map(
        ([, ref, list]) => `.github/${path}: ${ref ?? list ?? ""}`,
      ),
    );
    expect(named.length).to.be.above(8);
    expect(
      named.filter((line) => !line.endsWith(`: ${deployedBranch}`)),
      `not ${deployedBranch}, as idp:repository.branch; to change all of them: npx idp init --branch ${deployedBranch}`,
    ).to.deep.equal([]);
  });

  it("pin every third-party action to one commit, with its version beside it", () => {
    const uses = [...sources.values()].flatMap((text) =>
      [...text.matchAll(/uses: (?!\.\/)(\S+)(.*)$/gm)].map(([, action = "", rest = ""]) => ({
        action,
        rest,
      })),
    );
    expect(uses).to.have.length.above(20);
    expect(
      uses.filter(
        ({ action, rest }) =>
          !/^[\w./-]+@[0-9a-f]{40}$/.test(action) || !/^ # v\d+\.\d+\.\d+$/.test(rest),
      ),
    ).to.deep.equal([]);
    const pins = new Set(uses.map(({ action, rest }) => action + rest));
    const names = [...pins].map((pin) => pin.split("@")[0]);
    expect(names.sort(), "one commit an action").to.deep.equal([...new Set(names)].sort());
  });

  it("start without any permission, and give each job its own", () => {
    for (const [name, { permissions }] of workflows) expect(permissions, name).to.deep.equal({});
    expect(jobs.filter(({ job }) => job.permissions === undefined)).to.deep.equal([]);
  });

  it("let these jobs write, and no others", () => {
    const writers = jobs.flatMap(({ name, job }) =>
      Object.entries(job.permissions ?? {})
        .filter(([scope, access]) => access === "write" && scope !== "id-token")
        .map(([scope]) => `${name} ${scope}`),
    );
    expect(writers.sort()).to.deep.equal([
      "drift.issue issues",
      "outdated.issue issues",
      "preview.comment pull-requests",
      // A branch and its pull request; a person merges.
      "promote.promote contents",
      "promote.promote pull-requests",
    ]);
  });

  it("never run for pull_request_target, workflow_run, or anybody's comment", () => {
    const triggers = new Set([...workflows.values()].flatMap(({ on }) => Object.keys(on)));
    expect([...triggers].sort()).to.deep.equal([
      "merge_group",
      "pull_request",
      "push",
      "schedule",
      "workflow_call",
      "workflow_dispatch",
    ]);
  });

  it("give a fork's pull request no credentials and no right to write", () => {
    const open = jobs.filter(
      ({ workflow, job }) =>
        "pull_request" in workflow.on &&
        !(job.if ?? "").includes(
          "github.event.pull_request.head.repo.full_name == github.repository",
        ),
    );
    const rights = open.map(({ name, job }) => [name, ...Object.entries(job.permissions ?? {})]);
    expect(rights).to.deep.equal([
      ["conformance.versions", ["contents", "read"]],
      ["conformance.compare", ["contents", "read"]],
      ["e2e.changes", ["contents", "read"]],
      ["e2e.twin", ["contents", "read"]],
      ["e2e.end-to-end"],
      ["policy.check", ["contents", "read"]],
      ["policy.service-files", ["contents", "read"]],
      ["policy.unit-tests", ["contents", "read"]],
      // Runs only if preview did, and preview does not run for a fork.
      ["preview.comment", ["contents", "read"], ["pull-requests", "write"]],
    ]);
    expect(workflows.get("preview")?.jobs["comment"]?.if).to.include(
      "needs.preview.result != 'skipped'",
    );
  });

  it("use no secret", () => {
    const used = [...sources].flatMap(([path, text]) =>
      [...text.matchAll(/secrets\.(\w+)/g)].map(([, name]) => `${path} ${name}`),
    );
    expect(used).to.deep.equal([]);
  });

  it("keep the token out of the work tree", () => {
    const kept = running.flatMap(({ name, job }) =>
      job.steps
        .filter(({ uses }) => uses?.startsWith("actions/checkout@"))
        .filter((step) => step.with?.["persist-credentials"] !== false)
        .map(() => name),
    );
    expect(kept).to.deep.equal([]);
  });

  it("have a time limit, which ends before the credentials do", () => {
    expect(
      running.filter(({ job }) => job["timeout-minutes"] === undefined).map(({ name }) => name),
    ).to.deep.equal([]);
    const limits = running.flatMap(({ name, job }) =>
      job.steps
        .filter((step) => step.with?.["stack"] !== undefined)
        .map(({ with: given }) => [
          name,
          job["timeout-minutes"] ?? 0,
          Number(given?.["role-duration-seconds"] ?? 3600) / 60,
        ]),
    );
    expect(limits.map(([name, , lives]) => [name, lives])).to.deep.equal([
      ["destroy.destroy", 120],
      ["drift.audit", 60],
      ["preview.preview", 60],
      ["prod-sync.sync", 60],
      ["provision-stack.up", 120],
    ]);
    expect(limits.filter(([, limit = 0, lives = 0]) => limit >= lives)).to.deep.equal([]);
  });

  it("put no expression into a command: values come from the environment", () => {
    const mixed = commandSteps.filter(({ step }) => step.run?.includes("${{"));
    expect(mixed.map(({ name }) => name)).to.deep.equal([]);
  });

  it("call make or idp where a step is longer than three lines", () => {
    const long = commandSteps.filter(({ step }) => (step.run ?? "").trim().split("\n").length > 3);
    const other = long.filter(({ step }) => !/^\s*(make|node bin\/idp\.js) /m.test(step.run ?? ""));
    expect(other.map(({ name }) => name)).to.deep.equal([]);
  });

  it("end at the first command that fails, even in a pipe", () => {
    const shells = [...workflows].filter(
      ([, { defaults, jobs: own }]) =>
        Object.values(own).some(({ steps }) => steps.some(({ run }) => run !== undefined)) &&
        defaults?.run.shell !== "bash",
    );
    expect(shells.map(([name]) => name)).to.deep.equal([]);
    for (const step of setupSteps.filter(({ run }) => run !== undefined)) {
      expect(step["shell"]).to.equal("bash");
    }
  });

  it("change a stack one at a time, and never stop half way", () => {
    const changing = running.filter(
      ({ job }) => job.environment !== undefined || job.concurrency?.group.startsWith("stack-"),
    );
    expect(changing.map(({ name, job }) => [name, job.concurrency?.group ?? "none"])).to.deep.equal(
      [
        ["destroy.destroy", "stack-dev"],
        // Has Argo CD change a service; the stack stays as it is.
        ["prod-sync.sync", "sync-prod-${{ inputs.service }}"],
        ["provision-stack.up", "stack-${{ inputs.stack }}"],
        ["service-build.build", "build-${{ inputs.image }}-${{ github.sha }}"],
        // Reads, and changes nothing.
        ["service-release.fetch", "none"],
        ["service-release.publish", "release-${{ inputs.image }}-${{ matrix.environment }}"],
      ],
    );
    const stopped = changing.filter(({ job }) => job.concurrency?.["cancel-in-progress"] === true);
    expect(stopped.map(({ name }) => name)).to.deep.equal([]);
  });

  it("use the versions that the rest of the repository uses", () => {
    const text = [...sources.values()].join("\n");
    const versions = (key: string) => [
      ...new Set([...text.matchAll(new RegExp(`${key}: (\\S+)`, "g"))].map(([, found]) => found)),
    ];
    expect(versions("node-version")).to.deep.equal([
      /^NODE_VERSION := (\S+)$/m.exec(read("Makefile"))?.[1],
    ]);
    expect(versions("pulumi-version")).to.deep.equal([tools.pulumi.version]);
  });
});
