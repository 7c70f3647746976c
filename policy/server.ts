/**
 * The pack as the engine's Analyzer service. @pulumi/policy serves packs, too; it decodes every resource anew for every
 * policy, which made a preview half as long again (docs/decisions/0010-own-analyzer.md).
 */
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall, MethodDefinition } from "@grpc/grpc-js";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import { breachesOf, stackBreachesOf, type PackConfig, type Policy } from "./pack.ts";
import {
  configOf,
  encodeBreaches,
  encodeInfo,
  resourceOf,
  resourcesOf,
  type PackIdentity,
} from "./wire.ts";

/** Requests hold all resources of a stack; grpc's own limit is 4 MB. */
const limits = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
};

/** Every message that says nothing. */
const empty = new Uint8Array();

/** What a method answers to the bytes of a request, with the bytes of its response. */
type Answer = (request: Uint8Array) => Uint8Array;

/** The methods of the service by their names; what is not here only has to be answered. */
export function answersOf(
  policies: readonly Policy[],
  pack: PackIdentity,
): Readonly<Record<string, Answer>> {
  let config: PackConfig = new Map();
  const info = encodeInfo(policies, pack);
  return {
    getAnalyzerInfo: () => info,
    getPluginInfo: () => {
      const plugin = new plugins.PluginInfo();
      plugin.setVersion(pack.version);
      return plugin.serializeBinary();
    },
    configure: (request) => {
      config = configOf(request);
      return empty;
    },
    analyze: (request) => encodeBreaches(breachesOf(policies, config, resourceOf(request)), pack),
    analyzeStack: (request) =>
      encodeBreaches(stackBreachesOf(policies, config, resourcesOf(request)), pack),
  };
}

/** Serves the policies on a free port of 127.0.0.1 and tells the engine the port, which is the one line it waits for. */
export function serve(policies: readonly Policy[], pack: PackIdentity): void {
  const answers = answersOf(policies, pack);
  const methods = Object.entries(AnalyzerService).map(([name, { path }]) => ({
    name,
    definition: raw(path),
    handle: handler(answers[name] ?? (() => empty)),
  }));
  const server = new Server(limits);
  server.addService(
    Object.fromEntries(methods.map(({ name, definition }) => [name, definition])),
    Object.fromEntries(methods.map(({ name, handle }) => [name, handle])),
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(String(port));
  });
}

function handler(answer: Answer): handleUnaryCall<Buffer, Uint8Array> {
  return ({ request }, callback) => {
    let response: Uint8Array;
    try {
      response = answer(request);
    } catch (error) {
      const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
      callback({ code: status.UNKNOWN, details });
      return;
    }
    callback(null, response);
  };
}

function raw(path: string): MethodDefinition<Uint8Array, Uint8Array> {
  const serialize = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
  const deserialize = (bytes: Buffer): Uint8Array => bytes;
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}
