import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";

/** Sends a plugin's messages to the engine, which shows them next to a resource. */
export class EngineLog {
  private readonly client: EngineClient | undefined;

  /** @param address host:port of the engine, the last argument of a plugin. Without it, messages are dropped */
  constructor(address: string | undefined) {
    this.client =
      address === undefined ? undefined : new EngineClient(address, credentials.createInsecure());
  }

  /** Shows a line next to the resource. A `passing` line is shown only while the engine works. */
  info(urn: string, message: string, passing = true): void {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(passing);
    // A line that cannot be shown must not cause a failure.
    this.client?.log(request, () => undefined);
  }
}
