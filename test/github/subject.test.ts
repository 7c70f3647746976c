import { expect } from "chai";
import { readSubject } from "../../github/subject.ts";
import { subjectCheck, subjectChecks } from "../../doctor/subjects.ts";
import type { Check } from "../../doctor/checks.ts";
import { asGithubNamesThem } from "../../cli/init.ts";
import { asTokensName } from "../../cli/service.ts";
import { factsFrom } from "../../config/init-answers.ts";
import type { CurrentFacts } from "../../config/repository-facts.ts";
import type { Ask } from "../../lib/ask.ts";
import { github } from "./recorded.ts";

const template = "/actions/oidc/customization/sub";

/** What GitHub answers of a repository: names and numbers, and how its subject is made. */
const answers = (name: string, id: number, customisation: unknown, owner = 12) => ({
  [`repos/${name}`]: { full_name: name, id, owner: { id: owner, login: name.split("/")[0] } },
  [`repos/${name}${template}`]: customisation,
});

const old = { use_default: true, use_immutable_subject: false, sub_claim_prefix: "repo:acme/idp" };
const withIds = {
  use_default: true,
  use_immutable_subject: true,
  sub_claim_prefix: "repo:acme@12/idp@34",
};
const customised = { use_default: false, include_claim_keys: ["repository_owner", "context"] };

describe("readSubject", () => {
  const subject = (customisation: unknown) =>
    readSubject(github(answers("acme/idp", 34, customisation)), "acme/idp");
  const named = (repository: string) => ({ kind: "read", value: { kind: "default", repository } });

  it("reads the old form, the one with ids, and a customised one", async () => {
    expect(await subject(old)).to.deep.equal(named("acme/idp"));
    expect(await subject(withIds)).to.deep.equal(named("acme@12/idp@34"));
    expect(await subject(customised)).to.deep.equal({
      kind: "read",
      value: { kind: "customised", claims: ["repository_owner", "context"] },
    });
    expect(await subject({ use_default: false })).to.deep.equal({
      kind: "read",
      value: { kind: "customised", claims: ["the organisation's"] },
    });
  });

  it("works the form out where GitHub does not say the beginning", async () => {
    expect(await subject({ use_default: true })).to.deep.equal(named("acme/idp"));
    expect(await subject({ use_default: true, use_immutable_subject: true })).to.deep.equal(
      named("acme@12/idp@34"),
    );
  });

  it("takes the case that GitHub has", async () => {
    const asked = {
      "repos/ACME/idp": { full_name: "Acme/Idp", id: 34, owner: { id: 12 } },
      [`repos/ACME/idp${template}`]: { use_default: true },
    };
    expect(await readSubject(github(asked), "ACME/idp")).to.deep.equal(named("Acme/Idp"));
  });

  it("says that a repository is not there, and that it cannot be asked", async () => {
    const absent = github({ "repos/acme/idp": null, [`repos/acme/idp${template}`]: null });
    expect(await readSubject(absent, "acme/idp")).to.deep.equal({ kind: "absent" });
    const refused = await subject({ refused: "gh: Resource not accessible (HTTP 403)" });
    expect(refused.kind).to.equal("refused");
  });
});

describe("idp doctor: a repository's subject", () => {
  const line = ({ status, found, fix }: Check) =>
    `${status}: ${found}${fix === undefined ? "" : ` | ${fix}`}`;
  const judge = async (customisation: unknown, ...trusted: Parameters<typeof subjectCheck>[1]) =>
    line(
      subjectCheck(
        "acme/idp",
        trusted,
        await readSubject(github(answers("acme/idp", 34, customisation)), "acme/idp"),
      ),
    );
  const dev = { environment: "dev", repository: "acme/idp" } as const;
  const prod = { environment: "prod", repository: "acme@12/idp@34" } as const;

  it("is fine where every stack trusts what GitHub sends", async () => {
    expect(await judge(old, dev)).to.equal("ok: repo:acme/idp");
    expect(await judge(withIds, prod)).to.equal("ok: repo:acme@12/idp@34");
  });

  it("fails where a stack trusts the other form, another number, or another case", async () => {
    const fix = (form: string) =>
      `repository: ${form} under idp:github there, then pulumi up: docs/runbooks/github-roles.md`;
    expect(await judge(withIds, dev, prod)).to.equal(
      `failed: repo:acme@12/idp@34; Pulumi.dev.yaml trusts acme/idp, and AWS compares letter by letter | ${fix("acme@12/idp@34")}`,
    );
    expect(await judge(old, dev, prod)).to.equal(
      `failed: repo:acme/idp; Pulumi.prod.yaml trusts acme@12/idp@34, and AWS compares letter by letter | ${fix("acme/idp")}`,
    );
    const another = { ...prod, repository: "acme@12/idp@35" };
    expect(await judge(withIds, another)).to.match(/^failed: .* trusts acme@12\/idp@35,/);
    const upper = { ...dev, repository: "ACME/idp" };
    expect(await judge(old, upper)).to.match(/^failed: .* trusts ACME\/idp,/);
  });

  it("warns while a former name is trusted, which may be the one that is sent", async () => {
    const moving = { ...prod, formerly: "acme/idp" };
    for (const sent of [old, withIds]) {
      expect(await judge(sent, moving)).to.match(
        /^warning: .*; Pulumi\.prod\.yaml trusts a former name as well \| take formerly out/,
      );
    }
  });

  it("fails where it is customised", async () => {
    expect(await judge(customised, dev)).to.equal(
      "failed: made of repository_owner, context; must be GitHub's own" +
        " | gh api -X PUT repos/acme/idp/actions/oidc/customization/sub -F use_default=true",
    );
  });

  it("warns of a repository that is not there, since whoever makes it is trusted", () => {
    expect(line(subjectCheck("acme/idp", [dev], { kind: "absent" }))).to.equal(
      "warning: there is no acme/idp, or gh's login may not see it; whoever makes it is trusted" +
        " | make the repository, or take it out of idp:github",
    );
    expect(line(subjectCheck("acme/idp", [dev], { kind: "refused", why: "no gh" }))).to.equal(
      "skipped: cannot be asked: no gh",
    );
  });

  it("is asked once of each repository, whatever form the stacks name it in", async () => {
    const asked = {
      ...answers("acme/idp", 34, withIds),
      ...answers("acme/clock", 5, { use_default: true }),
    };
    const checks = await subjectChecks(
      [
        { environment: "dev", repositories: [dev, { repository: "acme/clock" }] },
        { environment: "prod", repositories: [prod] },
      ],
      github(asked),
    );
    expect(checks.map(({ name, status }) => `${name} ${status}`)).to.deep.equal([
      "subject of acme/idp failed",
      "subject of acme/clock ok",
    ]);
  });
});

describe("what is written into the settings", () => {
  const account = { accountId: "100000000001", region: "us-west-2" };
  const current: CurrentFacts = {
    url: "https://github.com/somebody/idp",
    branch: "main",
    accounts: { dev: account, staging: account, prod: account },
    github: "somebody/idp",
    domain: undefined,
    repositories: ["somebody/idp", "somebody/clock", "partner/other"],
  };
  const decided = factsFrom(
    {
      org: "acme",
      stagingAccount: "100000000002",
      prodAccount: "100000000003",
    },
    current,
  );

  it("is what GitHub says: ids, of the publishers too, and its case", async () => {
    const gh = github({
      "repos/acme/idp": { full_name: "Acme/Idp", id: 34, owner: { id: 12 } },
      [`repos/acme/idp${template}`]: { use_default: true, use_immutable_subject: true },
      ...answers("acme/clock", 5, { use_default: true, use_immutable_subject: true }),
      "repos/partner/other": null,
      [`repos/partner/other${template}`]: null,
    });
    const facts = await asGithubNamesThem(decided, current, gh);
    expect(facts.github).to.equal("Acme@12/Idp@34");
    expect(facts.url).to.equal("https://github.com/Acme/Idp");
    expect([...(facts.tokenNames ?? [])]).to.deep.equal([
      ["acme/idp", "Acme@12/Idp@34"],
      ["acme/clock", "acme@12/clock@5"],
    ]);
  });

  it("stays as it is without gh, and where GitHub redirects to another name", async () => {
    const missing: Ask = () => Promise.resolve({ kind: "missing" });
    const same = await asGithubNamesThem(decided, current, missing);
    expect({ ...same, tokenNames: undefined }).to.deep.equal({ ...decided, tokenNames: undefined });
    expect([...(same.tokenNames ?? [])]).to.deep.equal([]);
    const gh = github({
      "repos/acme/idp": { full_name: "acme/platform", id: 34, owner: { id: 12 } },
      [`repos/acme/idp${template}`]: { use_default: true },
    });
    const alone = { ...current, repositories: ["somebody/idp"] };
    expect((await asGithubNamesThem(decided, alone, gh)).github).to.equal("acme/idp");
  });

  it("names a new service's publisher likewise", async () => {
    const gh = github(answers("acme/clock", 5, { use_default: true, use_immutable_subject: true }));
    expect(await asTokensName("acme/clock", gh)).to.equal("acme@12/clock@5");
    expect(await asTokensName("acme@12/clock@5", gh)).to.equal("acme@12/clock@5");
    expect(await asTokensName("acme/*", gh)).to.equal("acme/*");
    const missing: Ask = () => Promise.resolve({ kind: "missing" });
    expect(await asTokensName("acme/clock", missing)).to.equal("acme/clock");
  });
});
