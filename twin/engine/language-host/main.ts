/**
 * pulumi-language-nodejs, the double. The official host is a Go program that comes with the official CLI. It cannot be
 * built here as the engine is: its Go module is not to be had from the module proxy. This one answers what the engine asks
 * for in `pulumi preview`, `up`, `refresh`, `destroy` and `import`, policy packs included; every other call is refused.
 * Programs in it are as real as under the official one: @pulumi/pulumi's own cmd/run runs them.
 */
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import type {
  AboutRequest,
  AboutResponse,
  GetRequiredPackagesRequest,
  GetRequiredPackagesResponse,
  RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { servePlugin, unary } from "../plugin.ts";
import { sdkVersion } from "../sdk-version.ts";
import { requiredPlugins } from "./packages.ts";
import { runPlugin } from "./policy-pack.ts";
import { runProgram } from "./program.ts";
import { interruptAll } from "./run.ts";
import { withRefusals } from "./unanswered.ts";

/** The engine starts a language host with its own address as the last argument. */
const engineAddress = process.argv.at(-1) ?? "";

function requiredPackages(request: GetRequiredPackagesRequest): GetRequiredPackagesResponse {
  const response = new messages.GetRequiredPackagesResponse();
  response.setPackagesList(
    requiredPlugins(request.getInfo()?.getProgramDirectory() ?? "").map(({ name, version }) => {
      const dependency = new plugins.PackageDependency();
      dependency.setName(name);
      dependency.setKind("resource");
      dependency.setVersion(version);
      return dependency;
    }),
  );
  return response;
}

servePlugin([
  [
    LanguageRuntimeService,
    withRefusals(LanguageRuntimeService, {
      getPluginInfo: unary<Empty, PluginInfo>(() => {
        const info = new plugins.PluginInfo();
        info.setVersion(sdkVersion("pulumi"));
        return Promise.resolve(info);
      }),
      // `up` and `preview` note this with the update.
      about: unary<AboutRequest, AboutResponse>(() => {
        const response = new messages.AboutResponse();
        response.setExecutable(process.execPath);
        response.setVersion(process.version);
        return Promise.resolve(response);
      }),
      getRequiredPackages: unary<GetRequiredPackagesRequest, GetRequiredPackagesResponse>(
        (request) => Promise.resolve(requiredPackages(request)),
      ),
      run: unary<RunRequest, RunResponse>((request) => runProgram(request, engineAddress)),
      runPlugin,
      cancel: unary<Empty, Empty>(() => {
        interruptAll();
        return Promise.resolve(new empties.Empty());
      }),
    }),
  ],
]);
