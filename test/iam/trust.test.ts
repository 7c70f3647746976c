import { expect } from "chai";
import { githubTrust, workflowsAt } from "../../components/iam-documents.ts";
import { environments } from "../../config/environments.ts";
import { githubRoles } from "./golden-roles.ts";
import { letsIn, wantedClaims, type Claims } from "./trust-evaluator.ts";

/** Forgeries of one claim's value, as somebody outside could get them into a token of his own. */
const forgeries: Readonly<Record<string, (value: string) => string[]>> = {
  aud: () => ["https://github.com/example", "sts.amazonaws.com.cn", ""],
  sub: (value) => {
    const [, repository = "", context = ""] = /^repo:([^:]+):(.*)$/.exec(value) ?? [];
    const [owner = "", name = ""] = repository.split("/");
    const of = (other: string) => `repo:${other}:${context}`;
    return [
      // Other repositories: of the owner, of a like-named owner, a fork, ids that are not there, the other case.
      ...[`${repository}-fork`, `x${repository}`, `${owner}/${name}x`, `${owner}x/${name}`].map(of),
      ...[`mallory/${name}`, `${owner}@1/${name}@2`, repository.toUpperCase()].map(of),
      ...["environment:other", "environment:*", "ref:refs/heads/try", "ref:refs/tags/v1.2.3"].map(
        (other) => `repo:${repository}:${other}`,
      ),
      `repo:${repository}:ref:refs/pull/1/merge`,
      ...[`${value}x`, `${value}:x`, ` ${value}`, `x${value}`, value.slice(0, -1), "*", ""],
    ];
  },
  ref: (value) => [
    "refs/heads/try",
    "refs/pull/1/merge",
    "refs/tags/main",
    `${value}x`,
    "main",
    "*",
  ],
  job_workflow_ref: (value) => {
    const [file = "", ref = ""] = value.split("@");
    return [
      // The service's own workflow, a fork's, another one of the platform, another ref, a commit of a fork.
      value.replace(/^[^/]+\/[^/]+/, "example/time-service"),
      value.replace(/^[^/]+/, "mallory"),
      value.replace(/service-(build|release)/, "policy"),
      ...["refs/heads/try", "refs/pull/1/merge", "refs/tags/v9", "3f2a9c1d".repeat(5), "*"].map(
        (other) => `${file}@${other}`,
      ),
      ...[`${file}@${ref}x`, file, ""],
    ];
  },
};

/** Returns a token for each combination of the values that a statement takes. */
function tokensFor(wanted: ReadonlyMap<string, readonly string[]>): Claims[] {
  return [...wanted].reduce<Claims[]>(
    (tokens, [name, values]) =>
      tokens.flatMap((token) => values.map((value) => ({ ...token, [name]: value }))),
    [{}],
  );
}

/** Returns the forged tokens that a trust policy lets in. It must let in the tokens that they are made from. */
function forgedIn(policy: string): string[] {
  return wantedClaims(policy).flatMap((wanted) =>
    tokensFor(wanted).flatMap((token) => {
      expect(letsIn(policy, token), JSON.stringify(token)).to.equal(true);
      return [...wanted].flatMap(([name, values]) => {
        const { [name]: value = "", ...without } = token;
        const forge = forgeries[name];
        if (forge === undefined) throw new Error(`nobody has thought of forging ${name}`);
        const forged = forge(value)
          .filter((other) => !values.includes(other))
          .map((other) => ({ ...token, [name]: other }));
        return [without, ...forged]
          .filter((claims) => letsIn(policy, claims))
          .map((claims) => JSON.stringify(claims));
      });
    }),
  );
}

/**
 * iam-simulate, which judges the other documents, does not take a provider's own keys: it refuses the right token, too.
 * What is left of AWS's rules is small: every key of a condition must match, StringEquals is letter by letter, one of
 * several values is enough.
 */
describe("the trust of GitHub's roles", () => {
  for (const environment of environments) {
    for (const [role, policy] of githubRoles(environment)) {
      it(`refuses every forged token: ${environment} ${role}`, () => {
        expect(forgedIn(policy)).to.deep.equal([]);
      });
    }
  }

  it("refuses them where it names ids, a former name and several refs", () => {
    const platform = { repository: "acme@12/idp@34", formerly: "acme/idp" };
    const refs = ["refs/tags/v2", "a1".repeat(20)];
    const subjects = ["environment:prod"] as const;
    const policy = JSON.stringify(
      githubTrust("arn:provider", [
        { ...platform, subjects, branch: "main" },
        {
          repository: "acme@12/clock@5",
          subjects,
          workflows: workflowsAt(platform, "service-release.yml", refs),
        },
      ]),
    );
    expect(forgedIn(policy)).to.deep.equal([]);
    expect(policy.length, "IAM's limit").to.be.below(2048);
  });

  it("finds a forgery where there is one", () => {
    const policy = JSON.stringify(
      githubTrust("arn:provider", [
        { repository: "acme/idp", formerly: "acme/idp-fork", subjects: ["pull_request"] },
      ]),
    );
    const wide = policy.replace(/"token[^"]*:aud":"[^"]*",/, "");
    expect(wantedClaims(wide).flatMap((wanted) => [...wanted.keys()])).to.deep.equal(["sub"]);
    // Each of the two names is a forgery of the other one, and allowed.
    expect(
      letsIn(policy, { aud: "sts.amazonaws.com", sub: "repo:acme/idp-fork:pull_request" }),
    ).to.equal(true);
    expect(letsIn(policy, { sub: "repo:acme/idp:pull_request" })).to.equal(false);
    expect(() => letsIn(policy.replace("StringEquals", "StringLike"), {})).to.throw();
  });
});
