import { committedRules } from "../catalog/committed-rules.ts";
import { inspectCatalog } from "../catalog/read.ts";
import { required } from "../config/committed.ts";
import type { Environment } from "../config/environments.ts";
import { gitOpsRequests } from "../config/argocd-requests.ts";
import { argoCdNodes, type Settings } from "../config/schema.ts";
import { readStackFiles, stackFileIn } from "../config/stack-files.ts";
import { ceilingOf, estimate, type Ceiling, type Estimate, type Platform } from "./estimate.ts";
import { goldenResources, withNatGateways, type Plan } from "./sources.ts";

/** An environment's estimate, and the cost before the plan if there is one. */
export interface StackCost extends Estimate {
  readonly environment: Environment;
  readonly region: string;
  /** With as many nodes as the settings allow; undefined for a plan without a cluster. */
  readonly most?: Ceiling;
  /** Dollars a month before the plan; undefined without a plan. */
  readonly before?: number;
}

/**
 * Returns what an environment costs with its committed settings and services.
 * @param plan its resources. @default those of its golden file, with the NAT gateways of the settings
 */
export async function stackCost(
  root: string,
  environment: Environment,
  plan?: Plan,
): Promise<StackCost> {
  const { services } = await inspectCatalog(root, environment, committedRules(root)[environment]);
  const file = stackFileIn(readStackFiles(root), environment);
  const region = required(file, ({ aws }) => aws.region);
  const natGateways = required(file, ({ network }) => network.natGateways);
  const maxVcpu = required(file, ({ cluster }) => cluster.nodes?.maxVcpu);
  const highAvailability = required(file, ({ argoCd }) => argoCd.highAvailability);
  const strategy = required(file, ({ images }) => images.strategy);
  const platform = platformOf(highAvailability, strategy);
  const resources = plan?.after ?? withNatGateways(goldenResources(root, environment), natGateways);
  const after = estimate(resources, services, platform);
  const before =
    plan && plan.before.length > 0 ? estimate(plan.before, services, platform) : undefined;
  const most = ceilingOf(after, maxVcpu);
  return {
    environment,
    region,
    ...after,
    ...(most && { most }),
    ...(before && { before: before.dollars }),
  };
}

/** Returns what a stack's Argo CD and Image Updater need. */
export function platformOf(
  highAvailability: boolean,
  strategy: Settings["images"]["strategy"],
): Platform {
  return {
    nodes: argoCdNodes({ highAvailability }),
    ...gitOpsRequests({ argoCd: { highAvailability }, images: { strategy } }),
  };
}
