import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { inOriginsCase, nextSteps, origin } from "../../cli/init.ts";
import { factsFrom } from "../../config/init-answers.ts";
import { initialise } from "../../config/initialise.ts";
import { ownedFiles } from "../../config/owned-files.ts";
import { currentFacts, ownerOf, type CurrentFacts } from "../../config/repository-facts.ts";
import { undecidedAccount } from "../../config/schema.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const account = (accountId: string) => ({ accountId, region: "us-west-2" });
const current: CurrentFacts = {
  url: "https://github.com/somebody/idp",
  branch: "main",
  accounts: {
    dev: account("100000000011"),
    staging: account(undecidedAccount),
    prod: account(undecidedAccount),
  },
  github: "somebody/idp",
  domain: undefined,
  repositories: ["somebody/idp"],
};

describe("idp init: its answers", () => {
  it("leaves values that are not given", () => {
    const { accounts, github, url, branch } = factsFrom({ domain: "newcomer.example" }, current);
    expect({ accounts, github, url, branch }).to.deep.equal({
      accounts: current.accounts,
      github: "somebody/idp",
      url: "https://github.com/somebody/idp",
      branch: "main",
    });
  });

  it("changes the address with the repository, unless Argo CD reads another address", () => {
    expect(factsFrom({ org: "newcomer" }, current).url).to.equal("https://github.com/newcomer/idp");
    expect(
      factsFrom({ org: "newcomer", url: "https://git.newcomer.example/idp" }, current).url,
    ).to.equal("https://git.newcomer.example/idp");
    const elsewhere = { ...current, url: "https://git.newcomer.example/idp" };
    expect(factsFrom({ org: "newcomer" }, elsewhere).url).to.equal(elsewhere.url);
  });

  it("puts ids into the settings, keeps them, and drops them with the repository they belong to", () => {
    const ids = { ownerId: "12", repositoryId: "34" };
    const named = factsFrom({ org: "newcomer", ...ids }, current);
    expect(named.github).to.equal("newcomer@12/idp@34");
    expect(named.url).to.equal("https://github.com/newcomer/idp");
    const after = { ...current, url: named.url, github: "newcomer@12/idp@34" };
    expect(factsFrom({ org: "newcomer", region: "eu-west-1" }, after).github).to.equal(
      after.github,
    );
    const moved = factsFrom({ repository: "platform" }, after);
    expect(moved.github).to.equal("newcomer/platform");
    expect(moved.url).to.equal("https://github.com/newcomer/platform");
    expect(() => factsFrom({ ownerId: "12" }, current)).to.throw(
      "  --owner-id, --repository-id: found one of them; must be both or none",
    );
    expect(() => factsFrom({ ownerId: "x", repositoryId: "34" }, current)).to.throw(
      '  --owner-id: found "x"; must be the owner\'s number on GitHub',
    );
  });

  it("takes the case of origin, which AWS compares", () => {
    const remote = { org: "Acme", repository: "Idp" };
    expect(inOriginsCase({ org: "ACME", repository: "idp" }, remote)).to.deep.equal(remote);
    expect(inOriginsCase({ org: "other" }, remote)).to.deep.equal({ org: "other" });
    expect(inOriginsCase({ org: "ACME" }, undefined)).to.deep.equal({ org: "ACME" });
  });

  it("reports all invalid answers at once", () => {
    const wrong = {
      org: "newcomer/idp",
      url: "git@github.com:newcomer/idp",
      region: "Oregon",
      devAccount: "12",
      domain: "https://newcomer.example",
      admin: ["arn:aws:iam::111111111111:role/x"],
    };
    expect(() => factsFrom(wrong, current)).to.throw(
      [
        "idp init:",
        '  --org: found "newcomer/idp"; must be a GitHub user or organisation',
        '  --url: found "git@github.com:newcomer/idp"; must be an https address without a slash at its end',
        '  --region: found "Oregon"; must be a region such as us-west-2',
        '  --dev-account: found "12"; must be an account number of 12 digits',
        '  --domain: found "https://newcomer.example"; must be a domain name such as example.com',
        '  --admin: found "arn:aws:iam::111111111111:role/x"; must be the name of an IAM role, the same in every account, not an ARN',
      ].join("\n"),
    );
  });

  it("refuses a role of IAM Identity Center as the name of a role that every account has", () => {
    const role = "AWSReservedSSO_Admins_0123456789abcdef";
    expect(() => factsFrom({ admin: [role] }, current)).to.throw(
      `  --admin: found "${role}"; must not be a role of IAM Identity Center, whose name differs in each account. Use --admin-permission-set`,
    );
  });

  it("refuses one account for two environments, except the placeholder", () => {
    expect(() => factsFrom({ prodAccount: "100000000011" }, current)).to.throw(
      "  --prod-account: found 100000000011; must not be the account of dev",
    );
  });
});

describe("idp init: on this repository", () => {
  const given = {
    org: "another-owner",
    devAccount: "210000000001",
    stagingAccount: "210000000002",
    prodAccount: "210000000003",
  };

  it("leaves no trace of the old owner, and has nothing to do the second time", async () => {
    const files = await ownedFiles(repositoryRoot);
    const before = currentFacts(files);
    const facts = factsFrom(given, before);
    const after = new Map([...files, ...initialise(files, facts)]);
    const owner = ownerOf(before.github);
    const traces = [
      `${owner}/`,
      ...Object.values(before.accounts).map(({ accountId }) => accountId),
    ]
      // A fork may have the same account numbers, or the placeholder name that tests use.
      .filter((trace) => ![undecidedAccount, "acme/", ...Object.values(given)].includes(trace))
      .map((trace) => new RegExp(`(?<![\\w-])${trace}`));
    const traced = [...after].filter(([, text]) => traces.some((trace) => trace.test(text)));
    expect(traced.map(([path]) => path)).to.deep.equal([]);
    expect([...initialise(after, facts).keys()]).to.deep.equal([]);
  });

  it("reads neither docs nor the licence", async () => {
    const paths = [...(await ownedFiles(repositoryRoot)).keys()];
    expect(paths.filter((path) => path.startsWith("docs/") || path === "LICENSE")).to.deep.equal(
      [],
    );
    expect(paths).to.include.members(["README.md", "Pulumi.prod.yaml", "twin/state/twin.ts"]);
  });

  it("ends with the next steps", () => {
    const steps = nextSteps(factsFrom(given, current)).join("\n");
    expect(steps).to.include("docs/runbooks/first-day.md");
    expect(steps).not.to.include("No account yet");
    expect(nextSteps(factsFrom({ org: "newcomer" }, current)).join("\n")).to.include(
      "No account yet for staging, prod: idp init --staging-account <number> --prod-account <number>",
    );
  });

  it("refuses to ask without a terminal", async () => {
    const args = ["bin/idp.js", "init"];
    const { exitCode, stderr } = await execa(process.execPath, args, {
      cwd: repositoryRoot,
      reject: false,
      stdin: "ignore",
    });
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("Fix: idp init --org <owner>");
  });
});

describe("the remote of a clone", () => {
  let clone = "";
  before(async () => {
    clone = mkdtempSync(join(tmpdir(), "idp-origin-"));
    await execa("git", ["init", "--quiet"], { cwd: clone });
    writeFileSync(join(clone, "a"), "");
  });
  after(() => {
    rmSync(clone, { recursive: true });
  });

  it("names owner and repository when it is on GitHub", async () => {
    expect(await origin(clone)).to.equal(undefined);
    const cases = [
      ["git@github.com:newcomer/platform.git", { org: "newcomer", repository: "platform" }],
      ["https://github.com/newcomer/idp", { org: "newcomer", repository: "idp" }],
      ["/srv/git/idp", undefined],
    ] as const;
    for (const [address, expected] of cases) {
      await execa("git", ["remote", "remove", "origin"], { cwd: clone, reject: false });
      await execa("git", ["remote", "add", "origin", address], { cwd: clone });
      expect(await origin(clone), address).to.deep.equal(expected);
    }
  });
});
