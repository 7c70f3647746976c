import { expect } from "chai";
import { environments } from "../../config/environments.ts";
import { githubRoles } from "../iam/golden-roles.ts";
import { letsIn, wantedClaims } from "../iam/trust-evaluator.ts";
import { jobs, workflows, type NamedJob } from "./workflows.ts";

/**
 * Checks what a job's token says, and which roles then accept it. The roles' trust comes from the golden files, which
 * hold what the program registers; the jobs come from the workflows. Neither knows the other.
 */

/** The claims that the roles' trust policies check. */
interface Token {
  readonly repository: string;
  readonly ref: string;
  readonly subject: string;
  /** The file that has the job's steps: of the repository at `ref`, or whole as `job_workflow_ref`. */
  readonly workflow?: string;
}

/** Returns the repository in the subject that a role of dev trusts. */
function repositoryOf(role: string): string {
  const policy = githubRoles("dev").get(role);
  const [subject = ""] = policy === undefined ? [] : (wantedClaims(policy)[0]?.get("sub") ?? []);
  return /^repo:([^:]+):/.exec(subject)?.[1] ?? "";
}

// The golden files say which repositories these are; the policies' tests prove that each role trusts only one.
const platform = repositoryOf("provision");
const publish = [...githubRoles("dev").keys()].find((role) => role.startsWith("publish-")) ?? "";
const service = repositoryOf(publish);

/** Returns the roles of all accounts that accept the token, such as `dev provision`. */
function admits({ repository, ref, subject, workflow = "own.yml" }: Token): string[] {
  const claims = {
    aud: "sts.amazonaws.com",
    sub: `repo:${repository}:${subject}`,
    ref,
    job_workflow_ref: workflow.includes("@")
      ? workflow
      : `${repository}/.github/workflows/${workflow}@${ref}`,
  };
  return environments.flatMap((environment) =>
    [...githubRoles(environment)]
      .filter(([, policy]) => letsIn(policy, claims))
      .map(([role]) => `${environment} ${role}`),
  );
}

/** A workflow of the platform, as a service calls it. */
const called = (file: string, ref = main) => `${platform}/.github/workflows/${file}@${ref}`;
const main = "refs/heads/main";
const pull = "refs/pull/12/merge";

describe("a job's token", () => {
  it("comes from a repository that the accounts know", () => {
    expect([platform, service]).to.satisfy((names: string[]) =>
      names.every((name) => /^[\w.-]+\/[\w.-]+$/.test(name)),
    );
    expect(platform).not.to.equal(service);
  });

  const released = {
    repository: service,
    ref: "refs/tags/v1.2.3",
    workflow: called("service-release.yml"),
  };
  const built = { repository: service, ref: main, workflow: called("service-build.yml") };
  const cases: Readonly<Record<string, readonly [Token, readonly string[]]>> = {
    "of a pull request reads": [
      { repository: platform, ref: pull, subject: "pull_request" },
      ["dev preview", "staging preview", "prod preview"],
    ],
    "of the deployed branch reads": [
      { repository: platform, ref: main, subject: "ref:refs/heads/main" },
      environments.flatMap((environment) => [`${environment} audit`, `${environment} promote`]),
    ],
    "of an environment changes that account": [
      { repository: platform, ref: main, subject: "environment:staging" },
      ["staging provision"],
    ],
    "of the workflow that syncs asks prod's Argo CD, and no other": [
      {
        repository: platform,
        ref: main,
        subject: "environment:prod",
        workflow: "prod-sync.yml",
      },
      ["prod provision", "prod sync"],
    ],
    "of the workflow that syncs, called by another repository or at another branch, does nothing": [
      {
        repository: service,
        ref: main,
        subject: "environment:prod",
        workflow: called("prod-sync.yml"),
      },
      [],
    ],
    "of a pull request that names an environment does nothing": [
      { repository: platform, ref: pull, subject: "environment:prod" },
      [],
    ],
    "of another branch does nothing": [
      { repository: platform, ref: "refs/heads/try", subject: "ref:refs/heads/try" },
      [],
    ],
    "of another branch that names an environment does nothing": [
      { repository: platform, ref: "refs/heads/try", subject: "environment:prod" },
      [],
    ],
    "of a release in a service's environment pushes its image there": [
      { ...released, subject: "environment:prod" },
      [`prod ${publish}`],
    ],
    "of a release reads the build in dev": [
      { ...released, subject: "environment:dev" },
      [`dev ${publish}`],
    ],
    "of a build on the service's branch pushes into dev": [
      { ...built, subject: "environment:dev" },
      [`dev ${publish}`],
    ],
    "of a build pushes nowhere else": [{ ...built, subject: "environment:prod" }, []],
    "of a build on another branch of the service does nothing": [
      { ...built, ref: "refs/heads/try", subject: "environment:dev" },
      [],
    ],
    "of the service's own workflow does nothing, whatever environment it names": [
      { repository: service, ref: main, subject: "environment:dev" },
      [],
    ],
    "of the service's own workflow on a tag does nothing": [
      { repository: service, ref: "refs/tags/v1.2.3", subject: "environment:prod" },
      [],
    ],
    "of the platform's workflow at another branch does nothing": [
      {
        ...released,
        workflow: called("service-release.yml", "refs/heads/try"),
        subject: "environment:prod",
      },
      [],
    ],
    "of the platform's workflow at a commit, which may be a fork's, does nothing": [
      {
        ...released,
        workflow: called("service-release.yml", "3f2a9c1d".repeat(5)),
        subject: "environment:prod",
      },
      [],
    ],
    "of a service's pull request does nothing": [
      { repository: service, ref: pull, subject: "pull_request" },
      [],
    ],
    "of a repository with a similar name does nothing": [
      { repository: `${platform}-fork`, ref: main, subject: "environment:prod" },
      [],
    ],
  };
  for (const [what, [token, roles]] of Object.entries(cases)) {
    it(what, () => {
      expect(admits(token)).to.deep.equal(roles);
    });
  }
});

describe("a job that asks for a role", () => {
  /** Variables that hold a role's ARN, and the role; docs/workflows.md has the same table. */
  const variables: Readonly<Record<string, string>> = {
    IDP_AUDIT_ROLE: "audit",
    IDP_PREVIEW_ROLE: "preview",
    IDP_PROVISION_ROLE: "provision",
    IDP_SYNC_ROLE: "sync",
  };

  /** Returns the stacks that a job runs for. */
  function stacksOf({ name, job }: NamedJob): string[] {
    const called = jobs.filter(
      (caller) => caller.job.uses === `./.github/workflows/${name.split(".")[0]}.yml`,
    );
    const inputs = called.flatMap((caller) => caller.job.with?.["stack"] ?? []);
    const own = job.environment ?? "dev";
    return [job.strategy?.matrix["stack"] ?? (inputs.length > 0 ? inputs : own)].flat();
  }

  /** Returns the job's tokens for a stack, one for each way in which the workflow can start. */
  function tokensOf({ name, workflow, job }: NamedJob, stack: string): Token[] {
    const callers = jobs.filter(
      (caller) => caller.job.uses === `./.github/workflows/${name.split(".")[0]}.yml`,
    );
    const triggers = [workflow, ...callers.map((caller) => caller.workflow)]
      .flatMap(({ on }) => Object.keys(on))
      .filter((trigger) => trigger !== "workflow_call");
    return [...new Set(triggers)].map((trigger) => {
      const ref = trigger === "pull_request" ? pull : main;
      const environment = job.environment?.replace(/\$\{\{ (matrix|inputs)\.stack \}\}/, stack);
      const subject =
        environment !== undefined
          ? `environment:${environment}`
          : trigger === "pull_request"
            ? "pull_request"
            : `ref:${ref}`;
      return { repository: platform, ref, subject, workflow: `${name.split(".")[0] ?? ""}.yml` };
    });
  }

  const asking = jobs.flatMap((named) =>
    named.job.steps.flatMap((step) => {
      const words = step.with?.["role"];
      if (typeof words !== "string") return [];
      const variable = Object.keys(variables).find((candidate) => words.includes(candidate));
      return variable === undefined ? [] : [{ named, role: variables[variable] ?? "" }];
    }),
  );

  it("is one of these", () => {
    expect(asking.map(({ named, role }) => `${named.name} ${role}`)).to.deep.equal([
      "destroy.destroy provision",
      "drift.audit audit",
      "preview.preview preview",
      "prod-sync.sync sync",
      "provision-stack.up provision",
    ]);
    expect(
      jobs
        .filter(({ job }) => job.uses === undefined && job.permissions?.["id-token"] === "write")
        .map(({ name }) => name),
    ).to.have.members([
      ...asking.map(({ named }) => named.name),
      "promote.promote",
      "service-build.build",
      "service-release.fetch",
      "service-release.publish",
    ]);
  });

  for (const { named, role } of asking) {
    it(`${named.name} gets ${role}, and can change nothing but its own stack`, () => {
      const stacks = stacksOf(named);
      expect(stacks).to.have.length.above(0);
      for (const stack of stacks) {
        const tokens = tokensOf(named, stack);
        expect(tokens).to.have.length.above(0);
        for (const token of tokens) {
          const roles = admits(token);
          expect(roles, JSON.stringify(token)).to.include(`${stack} ${role}`);
          const changing = roles.filter((name) => !/ (audit|preview|promote)$/.test(name));
          // What a job of an environment may do there, it may in its own stack alone.
          const provision = [`${stack} provision`];
          const sync = [...provision, `${stack} sync`];
          expect(changing).to.deep.equal({ provision, sync }[role] ?? []);
        }
      }
    });
  }

  it("in a service's repository gets its publisher's role, in the environments that the accounts trust", () => {
    const tokens = [...workflows]
      .filter(([name]) => name.startsWith("service-"))
      .flatMap(([name, { jobs: own }]) =>
        Object.values(own).flatMap(({ environment = "none", strategy }) => {
          const of = environment.includes("matrix.environment")
            ? [strategy?.matrix["environment"] ?? []].flat()
            : [environment];
          return of.map((wanted) => ({
            repository: service,
            ref: name === "service-build" ? main : "refs/tags/v1.2.3",
            subject: `environment:${wanted}`,
            workflow: called(`${name}.yml`),
          }));
        }),
      );
    expect(tokens.map((token) => admits(token))).to.deep.equal(
      ["dev", "dev", "staging", "prod"].map((environment) => [`${environment} ${publish}`]),
    );
  });
});
