/**
 * pulumi-language-nodejs, the double. The official host comes with the official CLI only; this one serves the same
 * service in as far as `pulumi preview`, `up`, `refresh`, `destroy`, `about` and policy packs ask for it. Programs in it
 * are as real as under the official one: @pulumi/pulumi's own cmd/run runs them.
 */
import { execFileSync } from "node:child_process";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import type {
  AboutRequest,
  AboutResponse,
  GetProgramDependenciesRequest,
  GetProgramDependenciesResponse,
  GetRequiredPackagesRequest,
  GetRequiredPackagesResponse,
  InstallDependenciesRequest,
  InstallDependenciesResponse,
  LanguageHandshakeRequest,
  LanguageHandshakeResponse,
  ProgramInfo,
  RunPluginRequest,
  RunPluginResponse,
  RunRequest,
  RunResponse,
  RuntimeOptionsResponse,
} from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { status, type ServerWritableStream } from "@grpc/grpc-js";
import { servePlugin, unary } from "../plugin.ts";
import { sdkVersion } from "../sdk-version.ts";
import { optionVariables, parseOptions, programConfig } from "./options.ts";
import { directPackages } from "./packages.ts";
import { bailCode, entryPoint, interruptAll, runNode } from "./run.ts";

let engineAddress = process.argv.at(-1) ?? "";

function optionsOf(info: ProgramInfo | undefined): ReturnType<typeof parseOptions> {
  return parseOptions(info?.getOptions()?.toJavaScript() ?? {});
}

async function run(request: RunRequest): Promise<RunResponse> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const options = optionsOf(info);
  const flags: Readonly<Record<string, string>> = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory() ?? "",
    stack: request.toObject().stack,
    pwd: directory,
    parallel: String(request.getParallel()),
  };
  const code = await runNode({
    args: [
      ...options.nodeargs,
      entryPoint(directory, "run"),
      ...Object.entries(flags).flatMap(([flag, value]) =>
        value === "" ? [] : [`--${flag}`, value],
      ),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() || ".",
      ...request.getArgsList(),
    ],
    cwd: directory,
    env: {
      ...process.env,
      ...optionVariables(options),
      PULUMI_CONFIG: JSON.stringify(programConfig(request.getConfigMap().getEntryList())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    },
    stdout: (chunk) => process.stdout.write(chunk),
    stderr: (chunk) => process.stderr.write(chunk),
  }).exit;
  const response = new messages.RunResponse();
  if (code === bailCode) response.setBail(true);
  else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

function runPlugin(call: ServerWritableStream<RunPluginRequest, RunPluginResponse>): void {
  const request = call.request;
  try {
    const info = request.getInfo();
    const directory = info?.getProgramDirectory() ?? "";
    const options = optionsOf(info);
    const isPolicyPack = request.getKind() === "analyzer";
    const args = request.getArgsList();
    const send = (fill: (response: RunPluginResponse) => void): void => {
      const response = new messages.RunPluginResponse();
      fill(response);
      call.write(response);
    };
    const running = runNode({
      args: [
        ...options.nodeargs,
        entryPoint(directory, isPolicyPack ? "run-policy-pack" : "run-plugin"),
        // A policy pack is told where it is last, every other plugin first.
        ...(isPolicyPack ? [...args, directory] : [directory, ...args]),
      ],
      cwd: isPolicyPack ? directory : request.getPwd(),
      env: {
        ...Object.fromEntries(request.getEnvList().map((entry) => split(entry, "="))),
        ...optionVariables(options),
      },
      stdout: (chunk) => {
        send((response) => response.setStdout(chunk));
      },
      stderr: (chunk) => {
        send((response) => response.setStderr(chunk));
      },
    });
    call.on("cancelled", running.stop);
    running.exit.then(
      (code) => {
        send((response) => response.setExitcode(code));
        call.end();
      },
      (error: unknown) => {
        fail(error);
      },
    );
  } catch (error) {
    fail(error);
  }

  function fail(error: unknown): void {
    call.emit("error", { code: status.UNKNOWN, details: String(error) });
  }
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

function requiredPackages(request: GetRequiredPackagesRequest): GetRequiredPackagesResponse {
  const response = new messages.GetRequiredPackagesResponse();
  response.setPackagesList(
    directPackages(request.getInfo()?.getProgramDirectory() ?? "").flatMap(({ plugin }) => {
      if (plugin === undefined) return [];
      const dependency = new plugins.PackageDependency();
      dependency.setName(plugin.name);
      dependency.setKind("resource");
      dependency.setVersion(plugin.version);
      return [dependency];
    }),
  );
  return response;
}

function programDependencies(
  request: GetProgramDependenciesRequest,
): GetProgramDependenciesResponse {
  const response = new messages.GetProgramDependenciesResponse();
  response.setDependenciesList(
    directPackages(request.getInfo()?.getProgramDirectory() ?? "").map(({ name, version }) => {
      const dependency = new messages.DependencyInfo();
      dependency.setName(name);
      dependency.setVersion(version);
      return dependency;
    }),
  );
  return response;
}

servePlugin([
  [
    LanguageRuntimeService,
    {
      handshake: unary<LanguageHandshakeRequest, LanguageHandshakeResponse>((request) => {
        engineAddress = request.getEngineAddress();
        return Promise.resolve(new messages.LanguageHandshakeResponse());
      }),
      getPluginInfo: unary<Empty, PluginInfo>(() => {
        const info = new plugins.PluginInfo();
        info.setVersion(sdkVersion("pulumi"));
        return Promise.resolve(info);
      }),
      getRequiredPackages: unary<GetRequiredPackagesRequest, GetRequiredPackagesResponse>(
        (request) => Promise.resolve(requiredPackages(request)),
      ),
      getProgramDependencies: unary<GetProgramDependenciesRequest, GetProgramDependenciesResponse>(
        (request) => Promise.resolve(programDependencies(request)),
      ),
      about: unary<AboutRequest, AboutResponse>(() => {
        const response = new messages.AboutResponse();
        response.setExecutable(process.execPath);
        response.setVersion(process.version);
        return Promise.resolve(response);
      }),
      run: unary<RunRequest, RunResponse>(run),
      runPlugin,
      installDependencies: (
        call: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
      ) => {
        const directory =
          call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
        try {
          const output = execFileSync("npm", ["install", "--loglevel=error"], { cwd: directory });
          const response = new messages.InstallDependenciesResponse();
          response.setStdout(output);
          call.write(response);
          call.end();
        } catch (error) {
          call.emit("error", { code: status.UNKNOWN, details: String(error) });
        }
      },
      runtimeOptionsPrompts: unary<unknown, RuntimeOptionsResponse>(() =>
        Promise.resolve(new messages.RuntimeOptionsResponse()),
      ),
      cancel: unary<Empty, Empty>(() => {
        interruptAll();
        return Promise.resolve(new empties.Empty());
      }),
    },
  ],
]);
