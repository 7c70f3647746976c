import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { EngineLog } from "../engine/engine-log.ts";
import { servePlugin } from "../engine/plugin.ts";
import { sdkVersion } from "../engine/sdk-version.ts";
import { processIdentity } from "../process/pid.ts";
import type { ControlPlanes } from "./host.ts";
import { awsProvider } from "./provider.ts";

/** Serves the AWS double to the engine that started this process, until that engine ends. */
export function serveAws(controlPlanes: ControlPlanes): void {
  const log = new EngineLog(process.argv.at(-1));
  servePlugin([
    [
      ResourceProviderService,
      awsProvider({
        version: sdkVersion("aws"),
        engine: processIdentity(process.ppid) ?? String(process.ppid),
        controlPlanes,
        log: (urn, text) => {
          log.info(urn, text);
        },
      }),
    ],
  ]);
}
