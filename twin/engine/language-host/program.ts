import messages from "@pulumi/pulumi/proto/language_pb.js";
import type { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import { optionVariables, programConfig } from "./options.ts";
import { bailCode, entryPoint, runNode } from "./run.ts";

/** Runs a program to its end, with @pulumi/pulumi's own cmd/run. @param engine the engine's address */
export async function runProgram(request: RunRequest, engine: string): Promise<RunResponse> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() || request.getPwd();
  const flags: Readonly<Record<string, string>> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": info?.getRootDirectory() ?? "",
    stack: request.toObject().stack,
    pwd: directory,
    parallel: String(request.getParallel()),
  };
  const code = await runNode({
    args: [
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
      ...optionVariables(info?.getOptions()?.toJavaScript() ?? {}),
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
