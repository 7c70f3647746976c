/** The pack as the engine starts it and asks it: what evaluate says must come out of the library's server. */
import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect } from "chai";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { fromPlan } from "../../policy/plan.ts";
import { platformOf } from "../../policy/platform.ts";
import { rules } from "../../policy/rules/index.ts";
import { resourceSubjects, stackSubject } from "../../policy/subjects.ts";
import { entriesOf } from "../../policy/values.ts";
import { goldenFacts } from "../support/golden.ts";

const { ADVISORY, MANDATORY } = messages.EnforcementLevel;

/** What stands for a text that a preview does not know (see plan.ts). */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const settings = {
  "idp:aws": JSON.stringify(goldenFacts.accounts.prod),
  "idp:repository": JSON.stringify({ url: goldenFacts.url, branch: goldenFacts.branch }),
};

const Entries = z.array(z.object({ resource: z.string(), inputs: z.record(z.string(), z.json()) }));
type Inputs = z.infer<typeof Entries>[number]["inputs"];

/** The pack's process, by the entry point that the engine's language host starts. */
class Pack {
  readonly #process: ChildProcess;
  readonly client: AnalyzerClient;

  private constructor(process: ChildProcess, port: string) {
    this.#process = process;
    this.client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  static async start(): Promise<Pack> {
    const entry = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const folder = join(repositoryRoot, "policy");
    const child = spawn(process.execPath, [entry, "127.0.0.1:1", folder], {
      cwd: folder,
      env: { ...process.env, PULUMI_CONFIG: JSON.stringify(settings) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (/^\d+$/.test(line)) return new Pack(child, line);
    }
    throw new Error("the pack told no port");
  }

  stop(): void {
    this.client.close();
    this.#process.kill();
  }

  info(): Promise<messages.AnalyzerInfo> {
    return new Promise((resolve, reject) => {
      this.client.getAnalyzerInfo(new empty.Empty(), (error, info) => {
        if (error) reject(error);
        else resolve(info);
      });
    });
  }

  configure(config: Readonly<Record<string, Inputs>>): Promise<void> {
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [name, properties] of Object.entries(config)) {
      const one = new messages.PolicyConfig();
      one.setEnforcementlevel(name === "mandatory" ? MANDATORY : ADVISORY);
      one.setProperties(structs.Struct.fromJavaScript(properties));
      request.getPolicyconfigMap().set(name, one);
    }
    return new Promise((resolve, reject) => {
      this.client.configure(request, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  /** What the pack says of a resource of prod: level and text. */
  analyze(type: string, name: string, inputs: Inputs): Promise<string[]> {
    const request = new messages.AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(`urn:pulumi:prod::idp::${type}::${name}`);
    request.setProperties(structs.Struct.fromJavaScript(inputs));
    request.setOptions(new messages.AnalyzerResourceOptions());
    return new Promise((resolve, reject) => {
      this.client.analyze(request, (error, response) => {
        if (error) reject(error);
        else resolve(said(response));
      });
    });
  }

  analyzeStack(resources: readonly (readonly [string, string, Inputs])[]): Promise<string[]> {
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(
      resources.map(([type, name, inputs]) => {
        const resource = new messages.AnalyzerResource();
        resource.setType(type);
        resource.setName(name);
        resource.setUrn(`urn:pulumi:prod::idp::${type}::${name}`);
        resource.setProperties(structs.Struct.fromJavaScript(inputs));
        resource.setOptions(new messages.AnalyzerResourceOptions());
        return resource;
      }),
    );
    return new Promise((resolve, reject) => {
      this.client.analyzeStack(request, (error, response) => {
        if (error) reject(error);
        else resolve(said(response));
      });
    });
  }
}

/** Each diagnostic's policy, level, and the line of it that names the rule. */
function said(response: messages.AnalyzeResponse): string[] {
  return response.getDiagnosticsList().map((one) => {
    expect(one.getEnforcementlevel()).to.equal(
      one.getPolicyname() === "mandatory" ? MANDATORY : ADVISORY,
    );
    return `${one.getPolicyname()}: ${one.getMessage().split("\n")[1] ?? ""}`;
  });
}

/** The resources of prod's golden file, each whole, without its inputs, and with all of them unknown. */
function subjects(): (readonly [type: string, name: string, inputs: Inputs])[] {
  const file = join(repositoryRoot, "test/golden/prod.json");
  return Entries.parse(JSON.parse(readFileSync(file, "utf8"))).flatMap(({ resource, inputs }) => {
    const [type = "", name = ""] = resource.split(" ");
    const unknown = Object.fromEntries(Object.keys(inputs).map((key) => [key, unknownText]));
    return [inputs, {}, unknown].map((props) => [type, name, props] as const);
  });
}

const context = { environment: "prod", ...platformOf(settings) } as const;
const inPlan = () => ({ seen: "plan" }) as const;
const asResource = ([type, name, inputs]: readonly [string, string, Inputs]) => ({
  ...{ type, name, protect: false },
  props: Object.fromEntries(entriesOf(fromPlan(inputs))),
});
const expected = (asked: Parameters<typeof evaluate>[1]) =>
  evaluate(rules, asked, context, [], new Date()).map(
    ({ where, rule, message }) => `mandatory: ${where ?? ""} (plan) error ${rule}: ${message}`,
  );

describe("the pack as the engine asks it", () => {
  let pack: Pack;
  before(async function () {
    this.timeout(60_000);
    pack = await Pack.start();
  });
  after(() => {
    pack.stop();
  });

  it("tells who it is, and its two policies", async () => {
    const info = await pack.info();
    expect([info.getName(), info.getVersion(), info.getSupportsconfig()]).to.deep.equal([
      ...["idp", "0.1.0", true],
    ]);
    expect(
      info.getPoliciesList().map((policy) => [policy.getName(), policy.getEnforcementlevel()]),
    ).to.deep.equal([
      ["mandatory", MANDATORY],
      ["advisory", ADVISORY],
    ]);
  });

  it("says what the rules say of every resource: as it is, without inputs, with unknown ones", async function () {
    this.timeout(120_000);
    let count = 0;
    for (const subject of subjects()) {
      const [type, name, inputs] = subject;
      const words = await pack.analyze(type, name, inputs);
      expect(words, `${type} ${name}`).to.deep.equal(
        expected(resourceSubjects(asResource(subject), inPlan)),
      );
      count += words.length;
    }
    expect(count).to.be.above(50);
  });

  it("says what the rules say of the whole stack", async () => {
    const words = await pack.analyzeStack(subjects());
    expect(words).not.to.deep.equal([]);
    expect(words).to.deep.equal(
      expected([stackSubject(subjects().map(asResource), "prod", inPlan)]),
    );
  });

  it("takes its configuration from the engine", async () => {
    const key = ["aws:kms/key:Key", "one", { enableKeyRotation: false, tags: {} }] as const;
    const named = async () =>
      (await pack.analyze(...key)).filter((line) => line.includes("keys-rotate"));
    const text = "Key one (plan) LEVEL keys-rotate: enableKeyRotation: found false; must be true";
    expect(await named()).to.deep.equal([`mandatory: ${text.replace("LEVEL", "error")}`]);
    await pack.configure({
      mandatory: { "keys-rotate": [] },
      advisory: { "keys-rotate": ["prod"] },
    });
    expect(await named()).to.deep.equal([`advisory: ${text.replace("LEVEL", "warning")}`]);
    await pack.configure({ mandatory: { "keys-rotat": [] } });
    const refused = await pack.analyze(...key).catch((error: unknown) => String(error));
    expect(refused).to.include("found keys-rotat; must be rules that look at plans");
    await pack.configure({});
  });
});
