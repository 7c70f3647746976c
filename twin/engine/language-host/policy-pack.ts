import { status, type ServerWritableStream } from "@grpc/grpc-js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import type { RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb.js";
import { optionVariables } from "./options.ts";
import { servePolicyProxy } from "./policy-proxy.ts";
import { entryPoint, runNode } from "./run.ts";

/** The one kind of plugin that a language host starts here: no other has PulumiPlugin.yaml. */
const policyPack = "analyzer";

/**
 * Runs a policy pack until the engine cancels the call, and streams its output. The first line is the port of the proxy
 * that stands before the pack.
 */
export function runPlugin(call: ServerWritableStream<RunPluginRequest, RunPluginResponse>): void {
  runPolicyPack(call).then(
    (code) => {
      send(call, (response) => response.setExitcode(code));
      call.end();
    },
    (error: unknown) => {
      call.emit("error", {
        code: status.UNKNOWN,
        details: error instanceof Error ? error.message : String(error),
      });
    },
  );
}

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

function send(call: Call, fill: (response: RunPluginResponse) => void): void {
  const response = new messages.RunPluginResponse();
  fill(response);
  call.write(response);
}

async function runPolicyPack(call: Call): Promise<number> {
  const { request } = call;
  if (request.getKind() !== policyPack) {
    throw new Error(
      `The twin's language host does not start plugins of the kind "${request.getKind()}". It starts: ${policyPack}. ` +
        "Fix: install the plugin as a program, or add the kind to twin/engine/language-host/policy-pack.ts",
    );
  }
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? "";
  const entry = entryPoint(directory, "run-policy-pack");
  const options = optionVariables(info?.getOptions()?.toJavaScript() ?? {});
  const ended = Promise.withResolvers<number>();
  const say = (text: string | Buffer): void => {
    send(call, (response) => response.setStdout(Buffer.from(text)));
  };
  const proxy = await servePolicyProxy(async (stack) => {
    const port = Promise.withResolvers<number>();
    let first = "";
    let isServing = false;
    const running = runNode({
      // A policy pack is told last where it is, every other plugin first.
      args: [entry, ...request.getArgsList(), directory],
      cwd: directory,
      env: { ...compileCache(), ...variablesOf(request), ...options, ...stack },
      // Its first line is its port.
      stdout: (chunk) => {
        if (isServing) {
          say(chunk);
          return;
        }
        first += chunk.toString();
        const end = first.indexOf("\n");
        if (end < 0) return;
        isServing = true;
        port.resolve(Number(first.slice(0, end)));
        if (first.length > end + 1) say(first.slice(end + 1));
      },
      stderr: (chunk) => {
        send(call, (response) => response.setStderr(chunk));
      },
    });
    call.on("cancelled", running.stop);
    running.exit.then((code) => {
      port.reject(new Error(`The policy pack in ${directory} ended with code ${code}.`));
      ended.resolve(code);
    }, ended.reject);
    return port.promise;
  });
  call.on("cancelled", () => {
    ended.resolve(0);
  });
  say(`${proxy.port}\n`);
  return ended.promise.finally(proxy.stop);
}

/** The engine gives plugins its own environment, without the cache that programs have from ours. */
function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** The environment that the engine wants, from its `NAME=value` lines. */
function variablesOf(request: RunPluginRequest): Record<string, string> {
  return Object.fromEntries(
    request.getEnvList().map((entry) => {
      const equals = entry.indexOf("=");
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
