import * as pulumi from "@pulumi/pulumi";
import type {
  RegisterResourceRequest,
  RegisterResourceResponse,
} from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** One resource that a program registered. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly custom: boolean;
  /** Whether the engine would refuse to delete or replace it. */
  readonly protect: boolean;
  /** Holds the parent's type: `...::<parent type>$<type>::<name>`. */
  readonly urn: string;
  /** The parent's URN, empty without one. */
  readonly parent: string;
  /** URN and id of the provider, empty for a default provider. */
  readonly provider: string;
}

/** Answers the functions a program calls, by token. */
type Invokes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The functions that components of this project may call. */
const knownInvokes: Invokes = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": {
    names: ["first-zone", "second-zone", "third-zone"],
  },
  "aws:index/getPartition:getPartition": { partition: "aws", dnsSuffix: "amazonaws.com" },
};

/** The account in which a program runs. */
interface Account {
  readonly accountId: string;
  readonly region: string;
}

/** What AWS and the remote components would fill in, as far as others read it. */
const outputsIn = ({
  accountId,
  region,
}: Account): Readonly<
  Record<string, (name: string, inputs: Readonly<Record<string, unknown>>) => object>
> => ({
  "aws:iam/policy:Policy": (_name, inputs) => ({
    arn: `arn:aws:iam::${accountId}:policy/${String(inputs["name"])}`,
  }),
  "aws:iam/role:Role": (name) => ({ name, arn: `arn:aws:iam::${accountId}:role/${name}` }),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": () => ({
    arn: `arn:aws:iam::${accountId}:oidc-provider/token.actions.githubusercontent.com`,
  }),
  "aws:kms/key:Key": (name) => ({
    keyId: name,
    arn: `arn:aws:kms:${region}:${accountId}:key/${name}`,
  }),
  "aws:cloudwatch/logGroup:LogGroup": (name) => ({
    arn: `arn:aws:logs:${region}:${accountId}:log-group:${name}`,
  }),
  "aws:ecr/repository:Repository": (_name, inputs) => ({
    arn: `arn:aws:ecr:${region}:${accountId}:repository/${String(inputs["name"])}`,
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
      arn: `arn:aws:eks:${region}:${accountId}:cluster/${String(inputs["name"])}`,
      certificateAuthority: { data: "Q0E=" },
      roleArn: `arn:aws:iam::${accountId}:role/idp-cluster-eksRole-role`,
    },
    autoModeNodeRoleName: "idp-cluster-nodeRole-role",
    clusterSecurityGroupId: "sg-cluster",
  }),
});

const standInAccount: Account = { accountId: "123456789012", region: "us-west-2" };

/** How {@link record} runs a program. */
export interface RecordOptions {
  /** @default "test" */
  readonly stack?: string;
  /** @default an account that nobody has */
  readonly account?: Account;
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
    account = standInAccount,
    preview = false,
    invokes = knownInvokes,
    outputs: more = () => ({}),
  }: RecordOptions = {},
): Promise<Registered[]> {
  const outputs = outputsIn(account);
  const seen: Omit<Registered, keyof Options>[] = [];
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
        // A call that failed would leave promises that reject when the program has long ended.
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
  const options = recordOptions();
  await program();
  await pulumi.runtime.disconnect();
  if (unanswered.length > 0) {
    throw new Error(`Mock call not implemented: ${unanswered.join(", ")}`);
  }
  return seen.map((resource) => {
    const { type, name } = resource;
    return { ...resource, ...(options.get(`${type} ${name}`) ?? noOptions) };
  });
}

/** What the mocks do not tell of a resource. */
type Options = Pick<Registered, "urn" | "parent" | "protect">;

const noOptions: Options = { urn: "", parent: "", protect: false };

/** The options with which resources are registered from now on, by type and name. */
function recordOptions(): ReadonlyMap<string, Options> {
  const options = new Map<string, Options>();
  const monitor: unknown = pulumi.runtime.getMonitor();
  if (!(monitor instanceof MockMonitor)) throw new Error("Pulumi's mocks are not in place");
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (
    request: RegisterResourceRequest,
    callback: (error: unknown, response?: RegisterResourceResponse) => void,
  ) =>
    register(request, (error: unknown, response?: RegisterResourceResponse) => {
      options.set(`${request.getType()} ${request.getName()}`, {
        urn: response?.getUrn() ?? "",
        parent: request.getParent(),
        protect: request.getProtect() ?? false,
      });
      callback(error, response);
    });
  return options;
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

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
