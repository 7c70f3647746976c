import { expect } from "chai";
import { join } from "node:path";
import {
  optionVariables,
  parseOptions,
  programConfig,
  words,
} from "../../../twin/engine/language-host/options.ts";
import { directPackages } from "../../../twin/engine/language-host/packages.ts";
import { entryPoint } from "../../../twin/engine/language-host/run.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { sdkVersion } from "../../../twin/engine/sdk-version.ts";
import { shims } from "../../../twin/engine/shims.ts";

describe("language host: runtime options", () => {
  it("registers ts-node unless it is told not to", () => {
    expect(optionVariables(parseOptions({}))).to.deep.equal({ PULUMI_NODEJS_TYPESCRIPT: "true" });
    expect(optionVariables(parseOptions({ typescript: false, tsconfig: "t.json" }))).to.deep.equal({
      PULUMI_NODEJS_TSCONFIG_PATH: "t.json",
    });
  });

  it("splits nodeargs as a shell does", () => {
    expect(words(`--import "a b"  --title='x y' -e`)).to.deep.equal([
      "--import",
      "a b",
      "--title=x y",
      "-e",
    ]);
  });

  for (const [key, value] of [
    ["typescript", "false"],
    ["nodeargs", ["-e"]],
    ["tsconfig", 1],
  ] as const) {
    it(`names the option ${key} when it has the wrong type`, () => {
      expect(() => parseOptions({ [key]: value })).to.throw(`runtime.options.${key}`);
    });
  }

  it("gives configuration its long keys", () => {
    expect(
      programConfig([
        ["idp:aws", "{}"],
        ["pulumi:config:tags", "x"],
      ]),
    ).to.deep.equal({ "idp:config:aws": "{}", "pulumi:config:tags": "x" });
  });
});

describe("language host: packages", () => {
  it("asks for the plugins of the packages that the program names, in their installed versions", () => {
    const plugins = directPackages(repositoryRoot).flatMap(({ plugin }) =>
      plugin === undefined ? [] : [`${plugin.name} ${plugin.version}`],
    );
    expect(plugins).to.deep.equal(
      ["aws", "awsx", "eks", "kubernetes"].map((name) => `${name} ${sdkVersion(name)}`),
    );
  });

  it("has none for a folder without a package.json", () => {
    expect(directPackages("/nowhere")).to.deep.equal([]);
  });

  it("says what to install when @pulumi/pulumi is missing", () => {
    expect(entryPoint(repositoryRoot, "run")).to.match(/cmd\/run\/index\.js$/);
    expect(() => entryPoint("/", "run")).to.throw(
      "Cannot find module '@pulumi/pulumi/cmd/run' from /. Fix: npm ci",
    );
  });
});

describe("shims", () => {
  it("start this Node on files that exist, for the twin that is named", () => {
    const all = shims("/a b/twin", "/opt/node");
    expect(all.map(({ name }) => name)).to.deep.equal([
      "pulumi-resource-aws",
      "pulumi-resource-awsx",
      "pulumi-resource-eks",
      "pulumi-language-nodejs",
      "aws",
    ]);
    for (const { content } of all) {
      expect(content).to.include("export IDP_TWIN='/a b/twin'");
      expect(content).to.match(/^exec \/opt\/node .*\/.+\/twin\/.+\/main\.ts'? "\$@"$/m);
    }
  });

  it("put plugins where the engine looks for their versions", () => {
    const folders = shims("/twin").map(({ pluginFolder }) => pluginFolder);
    expect(folders).to.deep.equal([
      `resource-aws-v${sdkVersion("aws")}`,
      `resource-awsx-v${sdkVersion("awsx")}`,
      `resource-eks-v${sdkVersion("eks")}`,
      `language-nodejs-v${sdkVersion("pulumi")}`,
      undefined,
    ]);
    expect(join("a", folders[0] ?? "")).to.equal(`a/resource-aws-v${sdkVersion("aws")}`);
  });
});
