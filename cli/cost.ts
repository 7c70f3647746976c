import { readFileSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { environments } from "../config/environments.ts";
import { arithmetic } from "../cost/estimate.ts";
import { byUse, priceDate, priceRegion, prices } from "../cost/prices.ts";
import { previewResources } from "../cost/sources.ts";
import { stackCost, type StackCost } from "../cost/stack-cost.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { UsageError } from "../lib/usage-error.ts";

/** `idp cost`: prints what the stacks cost in a month. */
export function costCommand(): Command {
  return new Command("cost")
    .addArgument(new Argument("[environment]", "which one (default: all)").choices(environments))
    .option(
      "--preview <file>",
      "the plan from pulumi preview --json --show-sames (default: the golden files, with the NAT gateways of the settings)",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nThe cost of idle stacks, on demand, before tax and discounts. What is paid by use is listed but not counted.",
    )
    .action(
      async (name: string | undefined, { preview, json }: { preview?: string; json?: true }) => {
        if (preview !== undefined && name === undefined) {
          throw new UsageError(
            "--preview is for one stack. Fix: name it, such as: idp cost dev --preview ...",
          );
        }
        const plan = preview === undefined ? undefined : previewResources(read(preview));
        const wanted = environments.filter(
          (environment) => name === undefined || environment === name,
        );
        const costs = await Promise.all(
          wanted.map((environment) => stackCost(repositoryRoot, environment, plan)),
        );
        console.log(json ? costJson(costs) : costLines(costs).join("\n"));
      },
    );
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `${file} cannot be read: ${String(error)}\nFix: pulumi preview --json --show-sames > ${file}`,
      { cause: error },
    );
  }
}

function costJson(costs: readonly StackCost[]): string {
  return JSON.stringify({ currency: "USD", priceDate, priceRegion, stacks: costs }, null, 2);
}

/** Returns the estimates as lines for a person; the last line is the sum. */
export function costLines(costs: readonly StackCost[]): string[] {
  const elsewhere = costs.filter(({ region }) => region !== priceRegion);
  const dollars = costs.reduce((sum, cost) => sum + cost.dollars, 0);
  return [
    ...costs.flatMap((cost) => [...stackLines(cost), ""]),
    "Paid by use and not counted:",
    ...byUse.map(([price, what]) => `  ${what}: $${prices[price].dollars} a ${prices[price].per}`),
    "",
    `Prices of ${priceRegion}, ${priceDate}, on demand: docs/cost.md`,
    ...elsewhere.map(
      ({ environment, region }) => `${environment} is in ${region}, where prices differ`,
    ),
    costs.map(summary).join(", ") +
      (costs.length > 1 ? `, together $${dollars.toFixed(2)} a month` : " a month"),
  ];
}

function stackLines({ environment, lines, dollars, most }: StackCost): string[] {
  const rows = [
    ...lines.map((line) => [`${line.count} ${line.what}`, arithmetic(line), money(line.dollars)]),
    ["", "", money(dollars)],
    ...(most
      ? [[`with ${most.nodes} nodes, the most`, "idp:cluster.nodes.maxVcpu", money(most.dollars)]]
      : []),
  ];
  const [first = 0, second = 0, third = 0] = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return [
    `${environment}, a month:`,
    ...rows.map(
      ([what = "", how = "", sum = ""]) =>
        `  ${what.padEnd(first)}  ${how.padEnd(second)}  ${sum.padStart(third)}`,
    ),
  ];
}

function summary({ environment, dollars, before }: StackCost): string {
  const change = before === undefined ? 0 : Math.round((dollars - before) * 100) / 100;
  const said =
    change === 0 ? "" : ` (${change > 0 ? "+" : "-"}${money(Math.abs(change))} by this change)`;
  return `${environment} ${money(dollars)}${said}`;
}

function money(dollars: number): string {
  return `$${dollars.toFixed(2)}`;
}
