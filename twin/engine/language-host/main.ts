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
import { servePolicyProxy } from "./policy-proxy.ts";
import { bailCode, entryPoint, interruptAll, runNode } from "./run.ts";
import type { Command, Running } from "./run.ts";

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
  const send = (fill: (response: RunPluginResponse) => void): void => {
    const response = new messages.RunPluginResponse();
    fill(response);
    call.write(response);
  };
  const run = request.getKind() === "analyzer" ? runPolicyPack : runProgram;
  run().then(
    (code) => {
      send((response) => response.setExitcode(code));
      call.end();
    },
    (error: unknown) => {
      call.emit("error", { code: status.UNKNOWN, details: String(error) });
    },
  );

  function start(
    command: Pick<Command, "args" | "cwd"> & { readonly env?: Record<string, string> },
    stdout: Command["stdout"],
  ): Running {
    const options = optionsOf(request.getInfo());
    const running = runNode({
      args: [...options.nodeargs, ...command.args],
      cwd: command.cwd,
      env: {
        ...compileCache(),
        ...Object.fromEntries(request.getEnvList().map((entry) => split(entry, "="))),
        ...optionVariables(options),
        ...command.env,
      },
      stdout,
      stderr: (chunk) => {
        send((response) => response.setStderr(chunk));
      },
    });
    call.on("cancelled", running.stop);
    return running;
  }

  function say(text: string | Buffer): void {
    send((response) => response.setStdout(Buffer.from(text)));
  }

  async function runProgram(): Promise<number> {
    const directory = request.getInfo()?.getProgramDirectory() ?? "";
    return start(
      {
        args: [entryPoint(directory, "run-plugin"), directory, ...request.getArgsList()],
        cwd: request.getPwd(),
      },
      say,
    ).exit;
  }

  async function runPolicyPack(): Promise<number> {
    const directory = request.getInfo()?.getProgramDirectory() ?? "";
    const entry = entryPoint(directory, "run-policy-pack");
    const ended = Promise.withResolvers<number>();
    const proxy = await servePolicyProxy(async (env) => {
      const port = Promise.withResolvers<number>();
      let first = "";
      let isServing = false;
      // A policy pack is told where it is last, every other plugin first. Its first line is its port.
      const { exit } = start(
        { args: [entry, ...request.getArgsList(), directory], cwd: directory, env },
        (chunk) => {
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
      );
      exit.then((code) => {
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
}

/** The engine hands plugins its own environment, which knows nothing of the cache that programs have from ours. */
function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
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
