/**
 * Stands between the engine and a policy pack. The engine says which stack it is about by a call (ConfigureStack); packs
 * on @pulumi/policy read that from their environment, as they did before there was this call. So the pack is started only
 * once the call came, or another one. The official host does the same, and hands on every later call; this one lets go of
 * the engine's connection then, and the bytes of the next one go to the pack and back unread: two more decodings of every
 * call, by Node instead of Go, would be a cost of this double and not of the pack.
 */
import { connect, createServer, type AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { Client, credentials, Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall, MethodDefinition } from "@grpc/grpc-js";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { unary } from "../plugin.ts";
import { programConfig } from "./options.ts";

/** Starts the pack. @returns the port it serves on */
export type StartPack = (env: Readonly<Record<string, string>>) => Promise<number>;

/** Requests hold all resources of a stack; grpc's own limit is 4 MB. */
const limits = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
};

/** Requests hold whole release manifests: they are handed on as they came, unread. */
const asItIs = (bytes: Buffer): Buffer => bytes;

function raw(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

const handshakeAnswer = Buffer.from(new messages.AnalyzerHandshakeResponse().serializeBinary());

/** The environment variables by which a pack learns of the stack, from the bytes of ConfigureStack's request. */
function stackVariables(bytes: Uint8Array): Record<string, string> {
  const request = messages.AnalyzerStackConfigureRequest.deserializeBinary(bytes);
  return {
    PULUMI_NODEJS_ORGANIZATION: request.getOrganization(),
    PULUMI_NODEJS_PROJECT: request.getProject(),
    PULUMI_NODEJS_STACK: request.toObject().stack,
    PULUMI_NODEJS_DRY_RUN: String(request.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(programConfig(request.getConfigMap().getEntryList())),
  };
}

/** How long a call that is under way may take once its connection is let go of. */
const graceMs = 600_000;

/** Serves the engine. @returns the port to tell it, and how to end */
export async function servePolicyProxy(
  start: StartPack,
): Promise<{ readonly port: number; readonly stop: () => void }> {
  let pack: Promise<number> | undefined;
  let packPort: number | undefined;
  const started = (env: Readonly<Record<string, string>>): Promise<number> =>
    (pack ??= start(env).then((port) => (packPort = port)));
  const forward =
    (
      path: string,
      // Without a stack (`pulumi policy analyze`) a pack has what our own environment says of it.
      variables: (request: Buffer) => Record<string, string> = () => ({}),
    ): handleUnaryCall<Buffer, Buffer> =>
    ({ request }, callback) => {
      started(variables(request)).then(
        (port) => {
          const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), limits);
          client.makeUnaryRequest(path, asItIs, asItIs, request, (error, response) => {
            callback(error, response);
            client.close();
            injector.drain(graceMs);
          });
        },
        (error: unknown) => {
          callback({ code: status.UNKNOWN, details: String(error) });
        },
      );
    };
  const answers: Readonly<Record<string, (path: string) => handleUnaryCall<Buffer, Buffer>>> = {
    handshake: () => unary(() => Promise.resolve(handshakeAnswer)),
    configureStack: (path) => forward(path, stackVariables),
  };
  const methods = Object.entries(AnalyzerService).map(([name, { path }]) => ({
    name,
    definition: raw(path),
    answer: (answers[name] ?? forward)(path),
  }));
  const server = new Server(limits);
  server.addService(
    Object.fromEntries(methods.map(({ name, definition }) => [name, definition])),
    Object.fromEntries(methods.map(({ name, answer }) => [name, answer])),
  );
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const door = createServer({ noDelay: true }, (engine) => {
    if (packPort === undefined) {
      injector.injectConnection(engine);
      return;
    }
    // Whichever end goes, the other one goes, too.
    const toPack = connect({ port: packPort, host: "127.0.0.1", noDelay: true });
    pipeline(engine, toPack, engine, () => toPack.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: portOf(door.address()),
    stop: () => {
      door.close();
      server.forceShutdown();
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("not on a TCP port");
  return address.port;
}
