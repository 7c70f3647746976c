import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import type { handleUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js";

/** Requests of the engine can hold a whole release manifest; grpc's own limit is 4 MB. */
const messageLimit = 400 * 1024 * 1024;

/** Returns a gRPC method for an asynchronous function. The engine gets the text of an error that it throws. */
export function unary<Request, Response>(
  answer: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    // Called inside the promise: an error that `answer` throws synchronously is handled too.
    new Promise<Response>((resolve) => {
      resolve(answer(call.request));
    }).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        callback({ code: status.UNKNOWN, details: text });
      },
    );
  };
}

/**
 * Serves a Pulumi plugin on a free port of 127.0.0.1 and prints the port, the one line that the engine waits for. The
 * engine holds this process's standard input: when the engine ends, even by kill -9, this process ends too.
 */
export function servePlugin(
  services: readonly (readonly [
    Parameters<Server["addService"]>[0],
    UntypedServiceImplementation,
  ])[],
): void {
  const server = new Server({
    "grpc.max_receive_message_length": messageLimit,
    "grpc.max_send_message_length": messageLimit,
  });
  for (const [definition, implementation] of services)
    server.addService(definition, implementation);
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.stdout.write(`${port}\n`);
  });
  endWithEngine();
}

/** Exits when the engine that started this process has ended. */
export function endWithEngine(): void {
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}
