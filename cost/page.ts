import { arithmetic } from "./estimate.ts";
import { byUse, priceDate, priceRegion, prices, type PriceName } from "./prices.ts";
import type { StackCost } from "./stack-cost.ts";

/** Returns the text of docs/cost.md, made from the prices and the stacks' estimates. */
export function costPage(stacks: readonly StackCost[]): string {
  const used = byUse.map(([price, what]) => [what, price] as const);
  const counted = new Map<PriceName, string>(
    stacks.flatMap(({ lines }) => lines.map(({ price, what }) => [price, what] as const)),
  );
  counted.set("loadBalancer", "load balancer of a service with an ingress");
  return `<!-- Made by cost/page.ts; a test keeps it current. Rewrite: make golden -->

# Cost

What each stack costs in a month of 730 hours while nobody uses it: on demand in ${priceRegion}, in US dollars, without
tax, free tier and discounts. \`npx idp cost\` says the same for the settings and services as they are, and a pull
request's preview says what the change adds.

${stacks.map(stackTable).join("\n")}
The nodes are what the Pods of the services, at their fewest replicas, and of Argo CD and Image Updater ask for, and one
for each zone that a service's replicas are spread over; three at least where Argo CD is highly available. Auto Mode takes
the cheapest instance that fits, so what it really takes may differ. The last row is the stack with all the nodes that
\`idp:cluster.nodes.maxVcpu\` allows, which services take when they scale up. Pods that ask for more than 2 GiB a vCPU get
instances that cost more for a vCPU. One NAT gateway a zone instead of a single one
adds ${(2 * 730 * (prices.natGateway.dollars + prices.publicAddress.dollars)).toFixed(2)} dollars a month.

## Prices

As of ${priceDate}, none of them read on AWS's pages of that day. The key's agrees with an older copy of its page, and EKS, Auto Mode's 12 %, NAT gateways, public addresses, data out, logs, images and load balancers with articles of others, most of 2026; the node's and its disk's were not compared with anything. AWS's page is what counts: compare before you rely on a sum. They are in \`cost/prices.ts\`: change the date with them.

| what | dollars | a | source |
| --- | --- | --- | --- |
${[...counted].map(([price, what]) => priceRow(what, price)).join("\n")}

Paid by use and not counted above:

| what | dollars | a | source |
| --- | --- | --- | --- |
${used.map(([what, price]) => priceRow(what, price)).join("\n")}

A cluster in extended support would cost $0.60 an hour instead of $0.10. These have it off: EKS upgrades them when standard
support ends ([cluster upgrade](runbooks/cluster-upgrade.md#when-eks-upgrades-by-itself)).
`;
}

function stackTable({ environment, lines, dollars, most }: StackCost): string {
  return `## ${environment}

| count | what | arithmetic | a month |
| --: | --- | --- | --: |
${lines.map((line) => `| ${line.count} | ${line.what} | ${arithmetic(line)} | $${line.dollars.toFixed(2)} |`).join("\n")}
| | | **together** | **$${dollars.toFixed(2)}** |
${most ? `| | | with ${most.nodes} nodes, the most | $${most.dollars.toFixed(2)} |\n` : ""}`;
}

function priceRow(what: string, price: PriceName): string {
  const { dollars, per, source } = prices[price];
  return `| ${what} | ${dollars} | ${per} | <${source}> |`;
}
