import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { environments } from "../../../config/environments.ts";
import { parseSettings } from "../../../config/load.ts";
import { readStackFiles } from "../../../config/stack-files.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { twinSettings } from "../../../twin/state/settings.ts";
import { twinAccounts } from "../../../twin/state/twin.ts";

const facts = {
  account: twinAccounts.prod,
  repositoryUrl: "http://127.0.0.1:4000/idp.git",
  registryUrl: "http://127.0.0.1:5000",
};
const committed = `# prod
config:
  idp:aws:
    accountId: "000000000000"
    region: us-west-2
  idp:repository:
    url: https://github.com/somebody/idp
    branch: main
  idp:argoCd:
    version: 3.6.1
    highAvailability: true
    reconciliationSeconds: 120
  idp:images:
    strategy: pinned
`;

describe("the twin's settings", () => {
  it("change only account, addresses and intervals", () => {
    expect(parse(twinSettings(committed, facts))).to.deep.equal({
      config: {
        "idp:aws": {
          accountId: "100000000003",
          region: "us-west-2",
          profile: "idp-twin-prod",
        },
        "idp:repository": { url: facts.repositoryUrl, branch: "main" },
        "idp:argoCd": {
          version: "3.6.1",
          highAvailability: true,
          reconciliationSeconds: 10,
        },
        "idp:images": { strategy: "pinned" },
      },
    });
  });

  it("give Image Updater, if it is installed, the account's registry", () => {
    const text = committed.replace(
      "strategy: pinned",
      "strategy: semver\n    imageUpdater: { version: 1.3.0, intervalSeconds: 120 }",
    );
    const images = (parse(twinSettings(text, facts)) as { config: Record<string, unknown> }).config[
      "idp:images"
    ];
    expect(images).to.deep.equal({
      strategy: "semver",
      registryApiUrl: "http://127.0.0.1:5000",
      imageUpdater: {
        version: "1.3.0",
        intervalSeconds: 10,
      },
    });
  });

  it("leave out the GitHub Apps and the key of the stack's secrets", () => {
    const text = `${committed.replace(
      "strategy: pinned",
      'strategy: semver\n    writer: { appId: "1", installationId: "2" }',
    )}  idp:githubApp:\n    secure: v1:abc\nsecretsprovider: awskms://alias/idp-state\nencryptedkey: abc\nencryptionsalt: v1:def\n`;
    expect(twinSettings(text, facts)).to.equal(
      twinSettings(committed.replace("strategy: pinned", "strategy: semver"), facts),
    );
  });

  it("keep the salt of the stack's secrets", () => {
    const first = twinSettings(committed, facts);
    const withSalt = `${first}encryptionsalt: v1:abc=:v1:def\n`;
    expect(twinSettings(committed, facts, withSalt)).to.equal(withSalt);
    expect(twinSettings(committed, facts, first)).to.equal(first);
  });

  it("say what is wrong with a file without settings", () => {
    expect(() => twinSettings("name: idp\n", facts)).to.throw("Pulumi.prod.yaml is not valid");
  });

  for (const environment of environments) {
    it(`of ${environment} are valid settings`, () => {
      const text = twinSettings(
        readFileSync(join(repositoryRoot, `Pulumi.${environment}.yaml`), "utf8"),
        { ...facts, account: twinAccounts[environment] },
      );
      const { config } = parse(text) as { config: Record<string, unknown> };
      // As the engine passes them on: objects as JSON.
      const handed = Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]),
      );
      const neighbours = readStackFiles(repositoryRoot).filter(
        (file) => file.environment !== environment,
      );
      const settings = parseSettings(environment, handed, neighbours);
      expect(settings.aws.accountId).to.equal(twinAccounts[environment].accountId);
    });
  }
});
