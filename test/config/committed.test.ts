import { expect } from "chai";
import { committed, committedRegistryHost, required, wholeGroups } from "../../config/committed.ts";
import { Settings, undecidedAccount } from "../../config/schema.ts";
import { parseStackFile, type StackFile } from "../../config/stack-files.ts";

const fileOf = (settings: Readonly<Record<string, unknown>>): StackFile => ({
  environment: "dev",
  file: "Pulumi.dev.yaml",
  settings,
});

describe("committed", () => {
  it("gives every group, without keys, for a file that is empty", () => {
    expect(committed(fileOf({}))).to.deep.equal({
      ...{ aws: {}, repository: {}, network: {}, cluster: {}, argoCd: {}, images: {}, github: {} },
    });
  });

  it("gives each valid key of a group that has mistakes", () => {
    const { aws, network, domain, images, cluster } = committed(
      fileOf({
        aws: { accountId: undecidedAccount, region: 7, zone: "a" },
        network: "10.0.0.0/16",
        domain: "not a domain",
        images: { strategy: "semver", imageUpdater: { version: "v1" } },
        cluster: { version: "1.36", access: [{ name: "operators" }] },
      }),
    );
    expect(aws).to.deep.equal({ accountId: undecidedAccount });
    expect(network).to.deep.equal({});
    expect(domain).to.equal(undefined);
    expect(images).to.deep.equal({ strategy: "semver" });
    expect(cluster).to.deep.equal({ version: "1.36" });
  });

  it("gives what Image Updater is told, whatever the strategy", () => {
    const { images } = committed(
      fileOf({ images: { strategy: "pinned", registryApiUrl: "http://127.0.0.1:5000" } }),
    );
    expect(images).to.deep.equal({ strategy: "pinned", registryApiUrl: "http://127.0.0.1:5000" });
  });

  it("says whether there are credentials of a GitHub App", () => {
    const file = parseStackFile("dev", "config:\n  idp:githubApp: { secure: v1:abc }\n");
    expect(committed(file).githubApp).to.deep.equal({ secure: "v1:abc" });
  });
});

describe("required", () => {
  it("gives the value that was picked", () => {
    const file = fileOf({ aws: { region: "us-west-2" } });
    expect(required(file, ({ aws }) => aws.region)).to.equal("us-west-2");
  });

  it("names every problem of the file if the value is missing, but accepts an undecided account", () => {
    const file = fileOf({
      ...{
        aws: { accountId: undecidedAccount, region: "Oregon" },
        githubApp: { secure: "v1:abc" },
      },
      repository: { url: "https://github.com/acme/idp", branch: "main" },
      network: { cidr: "10.10.0.0/16", natGateways: "Single", flowLogRetentionDays: 7 },
      images: { strategy: "pinned" },
      github: { repository: "acme/idp", publishers: [] },
    });
    expect(() => required(file, ({ cluster }) => cluster.version)).to.throw(
      "Pulumi.dev.yaml is not valid:\n" +
        '  idp:aws.region: found "Oregon"; must be a region such as us-west-2\n' +
        "    Fix: pulumi config set --path --type string 'idp:aws.region' <value> -s dev\n" +
        "  idp:cluster: found nothing; expected object, received undefined\n" +
        "    Fix: edit idp:cluster in Pulumi.dev.yaml\n" +
        "  idp:argoCd: found nothing; expected object, received undefined\n" +
        "    Fix: edit idp:argoCd in Pulumi.dev.yaml",
    );
  });
});

describe("wholeGroups", () => {
  const groups = Settings.pick({ images: true, repository: true });
  const repository = { url: "https://github.com/acme/idp", branch: "main" };

  it("gives groups without a mistake, whatever is wrong in the others", () => {
    const file = fileOf({ images: { strategy: "pinned" }, repository, aws: "broken" });
    expect(wholeGroups(file, groups)).to.deep.equal({ images: { strategy: "pinned" }, repository });
  });

  it("gives nothing if one of them has a mistake", () => {
    const file = fileOf({ images: { strategy: "pinned", keep: 3 }, repository });
    expect(wholeGroups(file, groups)).to.equal(undefined);
  });
});

describe("committedRegistryHost", () => {
  it("is the registry of the account in the committed file", () => {
    const aws = { accountId: "123456789012", region: "us-west-2" };
    expect(committedRegistryHost([fileOf({ aws })], "dev")).to.equal(
      "123456789012.dkr.ecr.us-west-2.amazonaws.com",
    );
  });

  it("says which file is missing", () => {
    expect(() => committedRegistryHost([], "prod")).to.throw(
      "Pulumi.prod.yaml is missing. Fix: git checkout Pulumi.prod.yaml",
    );
  });

  it("says which file lacks an account", () => {
    expect(() => committedRegistryHost([fileOf({})], "dev")).to.throw(
      "Pulumi.dev.yaml is not valid:\n  idp:aws: found nothing; expected object",
    );
  });
});
