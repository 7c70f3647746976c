/** An on-demand price of AWS in US dollars, without tax, free tier and discounts. */
export interface Price {
  readonly dollars: number;
  /** The unit of the price: an hour, a minute or a month of one thing, or a gigabyte. */
  readonly per: "hour" | "minute" | "month" | "GB" | "GB-month" | "LCU-hour";
  /** AWS's page with the price, to compare it. */
  readonly source: string;
}

/** Region of the prices. */
export const priceRegion = "us-west-2";

/** Date of the prices. docs/cost.md says which of them were compared with what. */
export const priceDate = "2026-11-25";

/** The node that EKS Auto Mode takes for small requests: the cheapest of its families with 2 vCPU and 4 GiB. */
export const nodeType = "c6a.large";

/** vCPU of that node. */
export const nodeVcpu = 2;

const page = (path: string) => `https://aws.amazon.com/${path}/pricing/`;

/** Every price that an estimate may use, by name. */
export const prices = {
  cluster: { dollars: 0.1, per: "hour", source: page("eks") },
  natGateway: { dollars: 0.045, per: "hour", source: page("vpc") },
  publicAddress: { dollars: 0.005, per: "hour", source: page("vpc") },
  node: { dollars: 0.0765, per: "hour", source: "https://aws.amazon.com/ec2/pricing/on-demand/" },
  // 12 % of the instance's on-demand price.
  autoMode: { dollars: 0.00918, per: "hour", source: page("eks") },
  disk: { dollars: 0.08, per: "GB-month", source: page("ebs") },
  key: { dollars: 1, per: "month", source: page("kms") },
  loadBalancer: { dollars: 0.0225, per: "hour", source: page("elasticloadbalancing") },
  natData: { dollars: 0.045, per: "GB", source: page("vpc") },
  logData: { dollars: 0.5, per: "GB", source: page("cloudwatch") },
  logStorage: { dollars: 0.03, per: "GB-month", source: page("cloudwatch") },
  imageStorage: { dollars: 0.1, per: "GB-month", source: page("ecr") },
  // general1.medium, Linux.
  runner: { dollars: 0.01, per: "minute", source: page("codebuild") },
  loadBalancerUse: { dollars: 0.008, per: "LCU-hour", source: page("elasticloadbalancing") },
  egress: {
    dollars: 0.09,
    per: "GB",
    source: "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer",
  },
} as const satisfies Record<string, Price>;

/** The name of a price. */
export type PriceName = keyof typeof prices;

/** What is paid by use and therefore not estimated: the price, and what it is paid for. */
export const byUse: readonly (readonly [price: PriceName, what: string])[] = [
  ["natData", "data through the NAT gateways"],
  ["egress", "data out to the internet"],
  ["logData", "logs taken in: the control plane's, the flow logs"],
  ["logStorage", "logs kept"],
  ["imageStorage", "images in ECR"],
  ["runner", "jobs on a runner in the VPC, where the settings have one"],
  ["loadBalancerUse", "requests through load balancers"],
];
