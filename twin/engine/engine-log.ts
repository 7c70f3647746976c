import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";

/** The engine's diagnostics: what a plugin says beside a resource in the live display. */
export class EngineLog {
  private readonly client: EngineClient | undefined;

  /** @param address host:port of the engine, the last argument of a plugin; without it nothing is said */
  constructor(address: string | undefined) {
    this.client =
      address === undefined ? undefined : new EngineClient(address, credentials.createInsecure());
  }

  /** One line beside the resource. `passing` lines are shown while it works and not kept. */
  info(urn: string, message: string, passing = true): void {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(passing);
    // A line that cannot be shown is no reason to fail.
    this.client?.log(request, () => undefined);
  }
}
