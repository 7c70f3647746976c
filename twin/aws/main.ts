/**
 * pulumi-resource-aws, the double: started by the engine in place of the real provider. It keeps an account in files below
 * the twin's state and refuses what AWS would refuse, as far as twin/aws/types/ says.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { EngineLog } from "../engine/engine-log.ts";
import { processIdentity } from "../process/pid.ts";
import { servePlugin } from "../engine/plugin.ts";
import { sdkVersion } from "../engine/sdk-version.ts";
import { awsProvider } from "./provider.ts";

const log = new EngineLog(process.argv.at(-1));

servePlugin([
  [
    ResourceProviderService,
    awsProvider({
      version: sdkVersion("aws"),
      engine: processIdentity(process.ppid) ?? String(process.ppid),
      log: (urn, text) => {
        log.info(urn, text);
      },
    }),
  ],
]);
