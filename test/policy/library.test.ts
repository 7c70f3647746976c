import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect } from "chai";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { goldenFacts } from "../support/golden.ts";

/** What stands for a text that a preview does not know (see plan.ts). */
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const Entries = z.array(z.object({ resource: z.string(), inputs: z.record(z.string(), z.json()) }));

/** A pack's process, and how to ask it what the engine asks. */
class Pack {
  readonly #process: ChildProcess;
  readonly #client: AnalyzerClient;

  private constructor(process: ChildProcess, port: string) {
    this.#process = process;
    this.#client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  static async start(file: string): Promise<Pack> {
    const settings = {
      "idp:aws": JSON.stringify(goldenFacts.accounts.prod),
      "idp:repository": JSON.stringify({ url: goldenFacts.url, branch: goldenFacts.branch }),
    };
    const child = spawn(process.execPath, [join(repositoryRoot, file)], {
      cwd: join(repositoryRoot, "policy"),
      env: { ...process.env, PULUMI_CONFIG: JSON.stringify(settings) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (/^\d+$/.test(line)) return new Pack(child, line);
    }
    throw new Error(`${file} told no port`);
  }

  stop(): void {
    this.#client.close();
    this.#process.kill();
  }

  policies(): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      this.#client.getAnalyzerInfo(new empty.Empty(), (error, info) => {
        if (error) reject(error);
        else {
          resolve(
            info.getPoliciesList().map((policy) => ({
              name: policy.getName(),
              description: policy.getDescription(),
              level: policy.getEnforcementlevel(),
              severity: policy.getSeverity(),
              fix: policy.toObject().remediationSteps,
              type: policy.toObject().policyType,
            })),
          );
        }
      });
    });
  }

  analyze(request: messages.AnalyzeRequest): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#client.analyze(request, (error, response) => {
        if (error) reject(error);
        else resolve(verdicts(response));
      });
    });
  }

  analyzeStack(request: messages.AnalyzeStackRequest): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#client.analyzeStack(request, (error, response) => {
        if (error) reject(error);
        else resolve(verdicts(response));
      });
    });
  }
}

function verdicts(response: messages.AnalyzeResponse): string[] {
  return response
    .getDiagnosticsList()
    .map((one) =>
      [one.getEnforcementlevel(), one.getSeverity(), one.getPolicyname(), one.getMessage()].join(
        " ",
      ),
    )
    .sort();
}

/** The resources of prod's golden file, each whole, without its inputs, and with all of them unknown. */
function subjects() {
  const file = join(repositoryRoot, "test/golden/prod.json");
  return Entries.parse(JSON.parse(readFileSync(file, "utf8"))).flatMap(({ resource, inputs }) => {
    const [type = "", name = ""] = resource.split(" ");
    const unknown = Object.fromEntries(Object.keys(inputs).map((key) => [key, unknownText]));
    return [inputs, {}, unknown].map((props) => ({
      type,
      name,
      urn: `urn:pulumi:prod::idp::${type}::${name}`,
      props: structs.Struct.fromJavaScript(props),
    }));
  });
}

describe("the pack, measured against Pulumi's library for packs", () => {
  let own: Pack;
  let library: Pack;
  before(async function () {
    this.timeout(60_000);
    [own, library] = await Promise.all([
      Pack.start("policy/index.ts"),
      Pack.start("test/policy/library/index.ts"),
    ]);
  });
  after(() => {
    own.stop();
    library.stop();
  });

  it("has the same policies", async () => {
    const policies = await own.policies();
    expect(policies).to.have.length.above(20);
    expect(policies).to.deep.equal(await library.policies());
  });

  it("says the same of every resource: as it is, without inputs, with unknown ones", async function () {
    this.timeout(120_000);
    let said = 0;
    for (const { type, name, urn, props } of subjects()) {
      const request = new messages.AnalyzeRequest();
      request.setType(type);
      request.setName(name);
      request.setUrn(urn);
      request.setProperties(props);
      request.setOptions(new messages.AnalyzerResourceOptions());
      const words = await own.analyze(request);
      expect(words, urn).to.deep.equal(await library.analyze(request));
      said += words.length;
    }
    expect(said).to.be.above(50);
  });

  it("says the same of the whole stack", async function () {
    this.timeout(120_000);
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(
      subjects().map(({ type, name, urn, props }) => {
        const resource = new messages.AnalyzerResource();
        resource.setType(type);
        resource.setName(name);
        resource.setUrn(urn);
        resource.setProperties(props);
        resource.setOptions(new messages.AnalyzerResourceOptions());
        return resource;
      }),
    );
    const words = await own.analyzeStack(request);
    expect(words).not.to.deep.equal([]);
    expect(words).to.deep.equal(await library.analyzeStack(request));
  });
});
