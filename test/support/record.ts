import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** One resource that a program registered. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly custom: boolean;
  /** Holds the parent's type: `...::<parent type>$<type>::<name>`. */
  readonly urn: string;
  /** URN and id of the provider, empty for a default provider. */
  readonly provider: string;
}

/** Answers the functions a program calls, by token. */
export type Invokes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The functions that components of this project may call. */
export const knownInvokes: Invokes = {
  "aws:index/getPartition:getPartition": { partition: "aws", dnsSuffix: "amazonaws.com" },
};

/** What AWS and the remote components would fill in, as far as others read it. */
const outputs: Readonly<
  Record<string, (name: string, inputs: Readonly<Record<string, unknown>>) => object>
> = {
  "aws:iam/policy:Policy": (_name, inputs) => ({
    arn: `arn:aws:iam::123456789012:policy/${String(inputs["name"])}`,
  }),
  "aws:iam/role:Role": (name) => ({ name, arn: `arn:aws:iam::123456789012:role/${name}` }),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": () => ({
    arn: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
  }),
  "aws:kms/key:Key": (name) => ({
    keyId: name,
    arn: `arn:aws:kms:us-west-2:123456789012:key/${name}`,
  }),
  "aws:cloudwatch/logGroup:LogGroup": (name) => ({
    arn: `arn:aws:logs:us-west-2:123456789012:log-group:${name}`,
  }),
  "aws:ecr/repository:Repository": (_name, inputs) => ({
    arn: `arn:aws:ecr:us-west-2:123456789012:repository/${String(inputs["name"])}`,
  }),
  "awsx:ec2:Vpc": () => ({
    vpcId: "vpc-1",
    publicSubnetIds: ["subnet-public-a", "subnet-public-b", "subnet-public-c"],
    privateSubnetIds: ["subnet-private-a", "subnet-private-b", "subnet-private-c"],
  }),
  "eks:index:Cluster": (_name, inputs) => ({
    eksCluster: {
      name: inputs["name"],
      endpoint: "https://cluster.example",
      certificateAuthority: { data: "Q0E=" },
    },
  }),
};

/** How {@link record} runs a program. */
export interface RecordOptions {
  /** @default "test" */
  readonly stack?: string;
  /** As `pulumi preview` does. @default false */
  readonly preview?: boolean;
  /** @default {@link knownInvokes} */
  readonly invokes?: Invokes;
  /** More outputs of a resource, its `id` among them. */
  readonly outputs?: (type: string, name: string) => Readonly<Record<string, unknown>>;
}

/**
 * Runs a program under Pulumi's mocks and returns what it registered, in the order of registration. A call of a
 * function that has no answer fails. This proves what the engine would be asked for, not that AWS accepts it.
 */
export async function record(
  program: () => unknown,
  {
    stack = "test",
    preview = false,
    invokes = knownInvokes,
    outputs: more = () => ({}),
  }: RecordOptions = {},
): Promise<Registered[]> {
  const seen: Omit<Registered, "urn">[] = [];
  const transforms: pulumi.ResourceTransform[] = [];
  const unanswered: string[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs: given, custom = true, provider = "" }) => {
        const inputs = await transformed(transforms, {
          type,
          name,
          custom,
          props: asRecord(given),
        });
        seen.push({ type, name, inputs, custom, provider });
        if (preview) return { id: undefined, state: { ...inputs } };
        const { id = `${name}-id`, ...rest } = more(type, name);
        return { id: String(id), state: { ...inputs, ...outputs[type]?.(name, inputs), ...rest } };
      },
      call: ({ token }) => {
        // A call that failed would leave promises that reject when the test has long ended.
        if (!(token in invokes)) unanswered.push(token);
        return invokes[token] ?? {};
      },
      registerTransform: (transform) => {
        transforms.push(transform);
      },
    },
    "idp",
    stack,
    preview,
  );
  await program();
  await pulumi.runtime.disconnect();
  if (unanswered.length > 0) {
    throw new Error(`Mock call not implemented: ${unanswered.join(", ")}`);
  }
  const urns = registeredUrns();
  return seen.map((resource) => ({
    ...resource,
    urn: urns.find((urn) => urn.endsWith(`${resource.type}::${resource.name}`)) ?? "",
  }));
}

/** The inputs after the program's transforms, which the engine would run and the mocks do not. */
async function transformed(
  transforms: readonly pulumi.ResourceTransform[],
  resource: Pick<pulumi.ResourceTransformArgs, "type" | "name" | "custom" | "props">,
): Promise<Readonly<Record<string, unknown>>> {
  let { props } = resource;
  for (const transform of transforms) {
    const result = await transform({ ...resource, props, opts: {} });
    props = result?.props ?? props;
  }
  const entries = Object.entries(asRecord(props));
  return Object.fromEntries(
    await Promise.all(entries.map(async ([key, value]) => [key, await resolved(value)] as const)),
  );
}

/** The value of an output, `"<unknown>"` when a preview does not know it; of a resource its id. */
function resolved(value: unknown): unknown {
  if (pulumi.CustomResource.isInstance(value)) return resolved(value.id);
  if (!pulumi.Output.isInstance(value)) return value;
  return pulumi.runtime.isDryRun()
    ? "<unknown>"
    : new Promise((resolve) => {
        value.apply(resolve);
      });
}

function registeredUrns(): string[] {
  const monitor: unknown = pulumi.runtime.getMonitor();
  return monitor instanceof MockMonitor ? [...monitor.getRegisteredResources().keys()] : [];
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** `type name` of each resource, sorted: what most tests compare. */
export function names(resources: readonly Registered[]): string[] {
  return resources.map(({ type, name }) => `${type} ${name}`).sort();
}

/** The inputs of the one resource of this type and name. */
export function inputsOf(
  resources: readonly Registered[],
  type: string,
  name: string,
): Readonly<Record<string, unknown>> {
  const found = resources.filter((resource) => resource.type === type && resource.name === name);
  const [only] = found;
  if (!only || found.length > 1) {
    throw new Error(
      `${found.length} resources "${type} ${name}" among:\n${names(resources).join("\n")}`,
    );
  }
  return only.inputs;
}
