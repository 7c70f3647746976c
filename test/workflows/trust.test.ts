import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { githubIssuer } from "../../components/iam-documents.ts";
import { environments, type Environment } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";
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
}

const Trust = z.object({
  Statement: z.tuple([
    z.object({
      Effect: z.literal("Allow"),
      Action: z.literal("sts:AssumeRoleWithWebIdentity"),
      Condition: z.strictObject({
        StringEquals: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
      }),
    }),
  ]),
});

const Golden = z.array(z.object({ resource: z.string(), inputs: z.unknown() }));
const Role = z.object({ assumeRolePolicy: z.string() });

/** Returns the trust conditions of GithubAccess's roles in a stack, by the role's name without its prefix. */
function rolesOf(environment: Environment): Map<string, Record<string, string | string[]>> {
  const file = join(repositoryRoot, `test/golden/${environment}.json`);
  const golden = Golden.parse(JSON.parse(readFileSync(file, "utf8")));
  const prefix = "aws:iam/role:Role idp-github-";
  return new Map(
    golden
      .filter(({ resource }) => resource.startsWith(prefix))
      .map(({ resource, inputs }) => {
        const { assumeRolePolicy } = Role.parse(inputs);
        const [statement] = Trust.parse(JSON.parse(assumeRolePolicy)).Statement;
        return [resource.slice(prefix.length), statement.Condition.StringEquals];
      }),
  );
}

/** Returns the repository in the subject that a role of dev trusts. */
function repositoryOf(role: string): string {
  const [subject = ""] = [rolesOf("dev").get(role)?.[`${githubIssuer}:sub`] ?? ""].flat();
  return /^repo:([^:]+):/.exec(subject)?.[1] ?? "";
}

// The golden files say which repositories these are; the policies' tests prove that each role trusts only one.
const platform = repositoryOf("provision");
const publish = [...rolesOf("dev").keys()].find((role) => role.startsWith("publish-")) ?? "";
const service = repositoryOf(publish);

/** Returns the roles of all accounts that accept the token, such as `dev provision`. */
function admits({ repository, ref, subject }: Token): string[] {
  const claims: Readonly<Record<string, string>> = {
    [`${githubIssuer}:aud`]: "sts.amazonaws.com",
    [`${githubIssuer}:sub`]: `repo:${repository}:${subject}`,
    [`${githubIssuer}:ref`]: ref,
  };
  return environments.flatMap((environment) =>
    [...rolesOf(environment)]
      .filter(([, condition]) =>
        // A claim that is not listed above is one that no token has.
        Object.entries(condition).every(([key, wanted]) =>
          [wanted].flat().some((value) => value === claims[key]),
        ),
      )
      .map(([role]) => `${environment} ${role}`),
  );
}

const main = "refs/heads/main";
const pull = "refs/pull/12/merge";

describe("a job's token", () => {
  it("comes from a repository that the accounts know", () => {
    expect([platform, service]).to.satisfy((names: string[]) =>
      names.every((name) => /^[\w.-]+\/[\w.-]+$/.test(name)),
    );
    expect(platform).not.to.equal(service);
  });

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
    "of a service's environment pushes its image": [
      { repository: service, ref: "refs/tags/v1.2.3", subject: "environment:prod" },
      [`prod ${publish}`],
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
  };

  /** Returns the stacks that a job runs for. */
  function stacksOf({ name, job }: NamedJob): string[] {
    const called = jobs.filter(
      (caller) => caller.job.uses === `./.github/workflows/${name.split(".")[0]}.yml`,
    );
    const inputs = called.flatMap((caller) => caller.job.with?.["stack"] ?? []);
    return job.strategy?.matrix["stack"] ?? (inputs.length > 0 ? inputs : ["dev"]);
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
      return { repository: platform, ref, subject };
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
      "provision.up provision",
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
          expect(changing).to.deep.equal(role === "provision" ? [`${stack} provision`] : []);
        }
      }
    });
  }

  it("in a service's repository gets its publisher's role, in the environments that the accounts trust", () => {
    const publishing = [...workflows].filter(([name]) => name.startsWith("service-"));
    const named = publishing.flatMap(([, { jobs: own }]) =>
      Object.values(own).flatMap(({ environment, strategy }) =>
        environment === "${{ matrix.environment }}"
          ? (strategy?.matrix["environment"] ?? [])
          : [environment ?? "none"],
      ),
    );
    expect(named).to.deep.equal(["dev", "dev", "staging", "prod"]);
    for (const environment of new Set(named)) {
      const token = { repository: service, ref: main, subject: `environment:${environment}` };
      expect(admits(token)).to.deep.equal([`${environment} ${publish}`]);
    }
  });
});
