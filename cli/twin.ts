import { existsSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { execa } from "execa";
import { environments, isEnvironment, type Environment } from "../config/environments.ts";
import { kubeconfigFile } from "../twin/cluster/applications.ts";
import { containersHere, simulationNotice } from "../twin/cluster/container-support.ts";
import { serviceAddresses } from "../twin/cluster/service-addresses.ts";
import { demo, demoLines, lastDemo } from "../twin/demo.ts";
import { down } from "../twin/down.ts";
import { exportLines, twinVariables } from "../twin/state/environment.ts";
import { listProcesses } from "../twin/process/processes.ts";
import { mergeBranch } from "../twin/git/pull-request.ts";
import { namedServices } from "../twin/images/images.ts";
import { findCommit, pushBuild, sourcesFolder } from "../twin/images/service-build.ts";
import { isGood, statusLines, twinStatus } from "../twin/status.ts";
import { requireTwin, twinPaths } from "../twin/state/twin.ts";
import { ensureTools } from "../twin/toolchain/build.ts";
import { up } from "../twin/up.ts";
import { progress } from "./progress.ts";
import { UsageError } from "../lib/usage-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { promoteTools } from "./promote.ts";

/** `idp twin ...`: runs the three accounts on this machine. */
export function twinCommand(): Command {
  const twin = new Command("twin");

  twin
    .command("up")
    .description(
      "start the twin, or its missing parts; the first time, show a commit's way to prod",
    )
    .action(async () => {
      if (!(await up())) process.exitCode = 1;
      else if (lastDemo() === undefined) await showDemo();
      else print("A commit's way to prod was already shown. To see it again: idp twin demo");
    });

  twin
    .command("demo")
    .description(
      "take a commit of time-service through dev and staging to prod, and show when each step happened",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(({ json }: { json?: true }) => showDemo(json));

  twin
    .command("down")
    .description("stop the whole twin and delete its state")
    .action(() => down(print));

  twin
    .command("status")
    .description(
      "show what runs and the state of the services; exit code 1 when something is wrong",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(async ({ json }: { json?: true }) => {
      progress("asking the processes and the clusters");
      const status = await twinStatus();
      print(json ? JSON.stringify(status, null, 2) : statusLines(status).join("\n"));
      if (!isGood(status)) process.exitCode = 1;
    });

  twin
    .command("push")
    .description(
      "build a service's image from a commit, without Docker, and push it to dev's registry as sha-<7 hex digits>",
    )
    .argument("<service>", `a service with its source in ${sourcesFolder}/`)
    .option("--commit <commit>", "which commit", "HEAD")
    .addOption(new Option("--json", "as one JSON object"))
    .action(async (service: string, { commit, json }: { commit: string; json?: true }) => {
      progress(`building ${service}; the first build takes longest`);
      const build = await pushBuild(requireTwin(), service, await findCommit(commit));
      const { image, tag, digest, isNew } = build;
      print(
        json
          ? JSON.stringify(build, null, 2)
          : `${isNew ? "pushed" : "already there:"} dev ${image}:${tag}\n${digest}`,
      );
    });

  twin
    .command("open")
    .description(
      "print where a service answers on this machine; in a terminal, open it in a browser",
    )
    .argument("<service>", "its name")
    .addOption(
      new Option("-e, --environment <environment>", "in which one")
        .choices(environments)
        .default("dev"),
    )
    .addHelpText("after", '\nExample:\n  curl "$(npx idp twin open time-service -e dev)/version"')
    .action(async (service: string, { environment }: { environment: string }) => {
      requireTwin();
      if (!isEnvironment(environment)) return;
      const address = await addressOf(service, environment);
      print(address);
      if (process.stdout.isTTY) await openInBrowser(address);
    });

  twin
    .command("doctor")
    .description(
      "say whether services' Pods run as containers on this machine; exit code 1 when they are simulated",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(async ({ json }: { json?: true }) => {
      progress("starting a container");
      await ensureTools(["podbox"]);
      const support = await containersHere(twinPaths().state);
      if (json) print(JSON.stringify(support, null, 2));
      else print(support.runs ? "services' Pods run as containers" : simulationNotice(support));
      if (!support.runs) process.exitCode = 1;
    });

  twin
    .command("merge")
    .description("merge a branch into the twin's main branch, as a person merges a pull request")
    .argument("<branch>", "such as promote/prod/time-service-v1.2.3")
    .addHelpText("after", `\n${exitCodes}`)
    .action(async (branch: string) => {
      const commit = await mergeBranch(requireTwin(), branch);
      print(`merged ${branch} as ${commit.slice(0, 7)}`);
    });

  twin
    .command("env")
    .description(
      'shell lines that point pulumi, aws and kubectl at the twin: eval "$(idp twin env)"',
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(({ json }: { json?: true }) => {
      requireTwin();
      const variables = twinVariables();
      print(json ? JSON.stringify(variables, null, 2) : exportLines(variables));
    });

  twin
    .command("logs")
    .description("show the log of one of the twin's processes; without a name, list the processes")
    .argument("[process]", "its name, or part of it")
    .option("-f, --follow", "keep printing new lines")
    .option("-n, --lines <count>", "how many lines from the end", "100")
    .action((name: string | undefined, options: { follow?: true; lines: string }) =>
      showLogs(name, options),
    );

  twin
    .command("kubeconfig")
    .description(
      "path of the administrator's kubeconfig: KUBECONFIG=$(idp twin kubeconfig dev) kubectl get pods -A",
    )
    .addArgument(new Argument("<environment>", "whose cluster").choices(environments))
    .action((environment: string) => {
      requireTwin();
      if (!isEnvironment(environment)) return;
      const file = kubeconfigFile(environment);
      if (!existsSync(file)) throw new Error(`${environment} has no cluster yet. Fix: idp twin up`);
      print(file);
    });

  return twin;
}

/** @throws Error that says why a service has no address */
async function addressOf(service: string, environment: Environment): Promise<string> {
  const address = serviceAddresses(environment).get(service);
  if (address !== undefined) return address;
  const services = await namedServices();
  const isThere = services.some((one) => one.environment === environment && one.name === service);
  throw new Error(
    isThere
      ? `${service} answers nowhere in ${environment}: its Pods have not started, or are simulated. See: npx idp twin doctor; npx idp status ${service} --twin`
      : `${environment} has no service "${service}". See: npx idp twin status`,
  );
}

/** A machine without a browser is no error: the address was printed. */
async function openInBrowser(address: string): Promise<void> {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  await execa(opener, [address], { reject: false, stdio: "ignore", timeout: openLimitMs });
}

const openLimitMs = 5_000;

async function showDemo(json?: true): Promise<void> {
  const say = (line: string) => {
    progress(`  ${line}`);
  };
  const tools = await promoteTools();
  const shown = await demo(requireTwin(), tools, say);
  print(json ? JSON.stringify(shown, null, 2) : ["", ...demoLines(shown)].join("\n"));
}

async function showLogs(
  name: string | undefined,
  { follow, lines }: { follow?: true; lines: string },
): Promise<void> {
  requireTwin();
  const processes = listProcesses();
  if (name === undefined) {
    for (const { name: known, running } of processes) print(running ? known : `${known} (ended)`);
    return;
  }
  if (!/^\d+$/.test(lines)) throw new UsageError(`--lines ${lines}: must be a whole number`);
  const exact = processes.filter((process) => process.name === name);
  const found =
    exact.length > 0 ? exact : processes.filter((process) => process.name.includes(name));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const which = found.length > 1 ? found : processes;
    throw new Error(
      `"${name}" names ${found.length > 1 ? `${found.length} processes` : "no process"} of the twin; there are:\n${which.map((process) => `  ${process.name}`).join("\n")}`,
    );
  }
  const args = ["-n", lines, ...(follow ? ["-F"] : []), only.logFile];
  // Following ends with Ctrl-C, which is not a failure.
  await execa("tail", args, { stdio: "inherit", reject: false });
}

function print(text: string): void {
  console.log(text);
}
