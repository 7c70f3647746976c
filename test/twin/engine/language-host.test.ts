import { credentials } from "@grpc/grpc-js";
import { LanguageRuntimeClient } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import type { AboutResponse } from "@pulumi/pulumi/proto/language_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import { expect } from "chai";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { optionVariables, programConfig } from "../../../twin/engine/language-host/options.ts";
import { requiredPlugins } from "../../../twin/engine/language-host/packages.ts";
import { entryPoint } from "../../../twin/engine/language-host/run.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { sdkVersion } from "../../../twin/engine/sdk-version.ts";
import { shims } from "../../../twin/engine/shims.ts";

describe("language host: runtime options", () => {
  it("registers ts-node unless it is told not to", () => {
    expect(optionVariables({})).to.deep.equal({ PULUMI_NODEJS_TYPESCRIPT: "true" });
    expect(optionVariables({ typescript: false, packagemanager: "npm" })).to.deep.equal({});
  });

  it("refuses options that it does not follow", () => {
    expect(() => optionVariables({ nodeargs: "-e", tsconfig: "t.json" })).to.throw(
      "Pulumi.yaml, runtime.options: the twin's language host does not follow nodeargs, tsconfig. " +
        "It follows: typescript, packagemanager. Fix: leave it out, or add it to twin/engine/language-host/options.ts",
    );
  });

  it("names an option of the wrong type", () => {
    expect(() => optionVariables({ typescript: "false" })).to.throw(
      'Pulumi.yaml, runtime.options.typescript: expected true or false, got "false"',
    );
  });

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
    expect(requiredPlugins(repositoryRoot)).to.deep.equal(
      ["aws", "awsx", "eks", "kubernetes"].map((name) => ({ name, version: sdkVersion(name) })),
    );
  });

  it("asks for none in a folder without a package.json", () => {
    expect(requiredPlugins("/nowhere")).to.deep.equal([]);
  });

  it("says what to install when @pulumi/pulumi is missing", () => {
    expect(entryPoint(repositoryRoot, "run")).to.match(/cmd\/run\/index\.js$/);
    expect(() => entryPoint("/", "run")).to.throw(
      "Cannot find module '@pulumi/pulumi/cmd/run' from /. Fix: npm ci",
    );
  });
});

describe("language host: calls of the engine", function () {
  this.timeout(60_000);
  let host: ChildProcess;
  let client: LanguageRuntimeClient;

  before(async () => {
    const main = join(repositoryRoot, "twin/engine/language-host/main.ts");
    host = spawn(process.execPath, [main, "127.0.0.1:1"], { stdio: ["pipe", "pipe", "inherit"] });
    const port = await new Promise<number>((resolve) => {
      host.stdout?.once("data", (line) => {
        resolve(Number(String(line)));
      });
    });
    client = new LanguageRuntimeClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  after(() => {
    client.close();
    host.kill();
  });

  const refusal = (method: string): string =>
    `12 UNIMPLEMENTED: The twin's language host does not answer ${method}: pulumi preview, up, refresh, destroy and ` +
    "import do not need it. Fix: run the command with the official Pulumi CLI, or add it to twin/engine/language-host/";

  it("says which version it has, and which Node it runs", async () => {
    const info = await new Promise<PluginInfo>((resolve, reject) => {
      client.getPluginInfo(new empties.Empty(), (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
    expect(info.getVersion()).to.equal(sdkVersion("pulumi"));
    const about = await new Promise<AboutResponse>((resolve, reject) => {
      client.about(new messages.AboutRequest(), (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
    expect([about.getExecutable(), about.getVersion()]).to.deep.equal([
      process.execPath,
      process.version,
    ]);
  });

  it("refuses what only a person's other commands ask for", async () => {
    const error = await new Promise<Error | null>((resolve) => {
      client.getProgramDependencies(new messages.GetProgramDependenciesRequest(), resolve);
    });
    expect(error?.message).to.equal(refusal("getProgramDependencies"));
  });

  it("refuses calls whose answer is a stream", async () => {
    const stream = client.installDependencies(new messages.InstallDependenciesRequest());
    const error = await new Promise<Error>((resolve) => stream.on("error", resolve));
    expect(error.message).to.equal(refusal("installDependencies"));
  });

  it("starts no plugin but a policy pack", async () => {
    const request = new messages.RunPluginRequest();
    request.setKind("resource");
    const error = await new Promise<Error>((resolve) =>
      client.runPlugin(request).on("error", resolve),
    );
    expect(error.message).to.include(
      'does not start plugins of the kind "resource". It starts: analyzer.',
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
