import type { Environment } from "../config/environments.ts";
import { stackFileOf } from "../config/stack-files.ts";
import type { GithubAnswer } from "../github/read.ts";
import { readSubject, type Subject } from "../github/subject.ts";
import type { Ask } from "../lib/ask.ts";
import { withoutIds } from "../lib/github-address.ts";
import { skipped, type Check } from "./checks.ts";

/** What a stack trusts of a repository: `repository` or `formerly` of its settings. */
interface Trusted {
  readonly environment: Environment;
  readonly repository: string;
  readonly formerly?: string | undefined;
}

/** The repositories that a stack's roles trust. */
export interface TrustedBy {
  readonly environment: Environment;
  readonly repositories: readonly Omit<Trusted, "environment">[];
}

/** Checks for each repository in the settings that the roles trust the very subject that its tokens have. */
export async function subjectChecks(stacks: readonly TrustedBy[], ask: Ask): Promise<Check[]> {
  const all = stacks.flatMap(({ environment, repositories }) =>
    repositories.map((trusted): Trusted => ({ environment, ...trusted })),
  );
  const names = [...new Set(all.map(({ repository }) => withoutIds(repository)))];
  return Promise.all(
    names.map(async (name) =>
      subjectCheck(
        name,
        all.filter(({ repository }) => withoutIds(repository) === name),
        await readSubject(ask, name),
      ),
    ),
  );
}

const runbook = "docs/runbooks/github-roles.md";

/** Checks what the stacks trust against what GitHub says of a repository. @param name `<owner>/<name>` */
export function subjectCheck(
  name: string,
  trusted: readonly Trusted[],
  answer: GithubAnswer<Subject>,
): Check {
  const about = { about: "repository", name: `subject of ${name}` } as const;
  if (answer.kind === "refused") return skipped(about, `cannot be asked: ${answer.why}`);
  if (answer.kind === "absent") {
    return {
      ...{ ...about, status: "warning" },
      found: `there is no ${name}, or gh's login may not see it; whoever makes it is trusted`,
      fix: "make the repository, or take it out of idp:github",
    };
  }
  if (answer.value.kind === "customised") {
    return {
      ...{ ...about, status: "failed" },
      found: `made of ${answer.value.claims.join(", ")}; must be GitHub's own`,
      fix: `gh api -X PUT repos/${name}/actions/oidc/customization/sub -F use_default=true`,
    };
  }
  const { repository: sent } = answer.value;
  const files = (which: readonly Trusted[]) =>
    [...new Set(which.map(({ environment }) => stackFileOf(environment)))].join(", ");
  const strangers = trusted.filter(
    ({ repository, formerly }) => repository !== sent && formerly !== sent,
  );
  if (strangers.length > 0) {
    const others = [...new Set(strangers.map(({ repository }) => repository))].join(", ");
    return {
      ...{ ...about, status: "failed" },
      found: `repo:${sent}; ${files(strangers)} trusts ${others}, and AWS compares letter by letter`,
      fix: `repository: ${sent} under idp:github there, then pulumi up: ${runbook}`,
    };
  }
  const moving = trusted.filter(({ formerly }) => formerly !== undefined);
  return moving.length > 0
    ? {
        ...{ ...about, status: "warning" },
        found: `repo:${sent}; ${files(moving)} trusts a former name as well`,
        fix: `take formerly out once the change is done: ${runbook}`,
      }
    : { ...about, status: "ok", found: `repo:${sent}` };
}
