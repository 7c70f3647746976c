import { join } from "node:path";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import type { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type {
  CheckRequest,
  CheckResponse,
  ConfigureRequest,
  ConfigureResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  GetSchemaResponse,
  InvokeRequest,
  InvokeResponse,
  ReadRequest,
  ReadResponse,
  UpdateRequest,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import { stateDir } from "../state/folder.ts";
import { unary } from "../engine/plugin.ts";
import { resolveAccount, type AwsAccount } from "./account.ts";
import type { ControlPlanes, Host } from "./host.ts";
import { invoke } from "./invokes.ts";
import { hasUnknown, plainBag, same, type Bag } from "./properties.ts";
import * as resources from "./resources.ts";
import { Store } from "./store.ts";

/** What the service needs from its process. */
export interface ProviderContext {
  /** The version to report: the SDK's, because the engine asks for that one. */
  readonly version: string;
  /** The engine that this process serves; see resources.ts. */
  readonly engine: string;
  readonly controlPlanes: ControlPlanes;
  /** Prints a message next to a resource. */
  readonly log: (urn: string, text: string) => void;
}

function bag(struct: Struct | undefined): Bag {
  return plainBag(struct?.toJavaScript() ?? {});
}

function struct(value: Bag): Struct {
  return structs.Struct.fromJavaScript({ ...value });
}

/** The resource type in a URN: urn:pulumi:<stack>::<project>::<parents$>type::<name>. */
function typeIn(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** The ResourceProvider service of the AWS double: protobuf in, the functions of resources.ts, protobuf out. */
export function awsProvider(context: ProviderContext): UntypedServiceImplementation {
  let configured: AwsAccount | undefined;

  const account = (): AwsAccount => {
    if (configured === undefined) throw new Error("the AWS double was not configured");
    return configured;
  };
  const store = (): Store => new Store(join(stateDir(), "aws", account().id));
  const host = (urn: string): Host => ({
    controlPlanes: context.controlPlanes,
    log: (text) => {
      context.log(urn, text);
    },
  });

  return {
    getPluginInfo: unary<Empty, PluginInfo>(() => {
      const info = new plugins.PluginInfo();
      info.setVersion(context.version);
      return Promise.resolve(info);
    }),

    getSchema: unary<unknown, GetSchemaResponse>(() => {
      const response = new messages.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: "aws", version: context.version }));
      return Promise.resolve(response);
    }),

    checkConfig: unary<CheckRequest, CheckResponse>((request) => {
      const response = new messages.CheckResponse();
      response.setInputs(request.getNews());
      return Promise.resolve(response);
    }),

    // Resources belong to an account and a region. If either changes, everything is replaced.
    diffConfig: unary<DiffRequest, DiffResponse>((request) => {
      const olds = bag(request.getOldInputs() ?? request.getOlds());
      const news = bag(request.getNews());
      const response = new messages.DiffResponse();
      const moved = ["region", "profile"].filter((key) => !same(olds[key], news[key]));
      response.setReplacesList(moved);
      response.setChanges(
        same(olds, news)
          ? messages.DiffResponse.DiffChanges.DIFF_NONE
          : messages.DiffResponse.DiffChanges.DIFF_SOME,
      );
      return Promise.resolve(response);
    }),

    configure: unary<ConfigureRequest, ConfigureResponse>((request) => {
      configured = resolveAccount(bag(request.getArgs()));
      const response = new messages.ConfigureResponse();
      // The engine tracks secrets itself, and sends a resource's id instead of a reference to the resource.
      response.setAcceptsecrets(false);
      response.setAcceptresources(false);
      response.setAcceptoutputs(false);
      response.setSupportspreview(true);
      return Promise.resolve(response);
    }),

    check: unary<CheckRequest, CheckResponse>((request) => {
      const urn = request.getUrn();
      const olds = request.getOlds();
      const { inputs, failures } = resources.check(
        typeIn(urn),
        urn,
        bag(request.getNews()),
        olds === undefined ? undefined : bag(olds),
        account(),
      );
      const response = new messages.CheckResponse();
      response.setInputs(struct(inputs));
      response.setFailuresList(
        failures.map(({ property, reason }) => {
          const failure = new messages.CheckFailure();
          failure.setProperty(property);
          failure.setReason(reason);
          return failure;
        }),
      );
      return Promise.resolve(response);
    }),

    diff: unary<DiffRequest, DiffResponse>((request) => {
      const token = typeIn(request.getUrn());
      resources.acknowledge(token, request.getId(), store());
      const difference = resources.diff(
        token,
        bag(request.getOldInputs()),
        bag(request.getNews()),
        request.getIgnorechangesList(),
      );
      return Promise.resolve(diffResponse(difference));
    }),

    create: unary<CreateRequest, CreateResponse>(async (request) => {
      const urn = request.getUrn();
      const token = typeIn(urn);
      const inputs = bag(request.getProperties());
      const response = new messages.CreateResponse();
      if (request.getPreview()) {
        response.setProperties(struct(resources.previewOutputs(token, inputs)));
        return response;
      }
      const made = await named("creating", urn, () =>
        resources.create(
          token,
          inputs,
          account(),
          store(),
          { urn, engine: context.engine },
          host(urn),
        ),
      );
      response.setId(made.id);
      response.setProperties(struct(made.outputs));
      return response;
    }),

    read: unary<ReadRequest, ReadResponse>((request) => {
      const response = new messages.ReadResponse();
      const found = resources.read(
        typeIn(request.getUrn()),
        request.getId(),
        bag(request.getInputs()),
        store(),
      );
      if (found !== undefined) {
        response.setId(found.id);
        response.setProperties(struct(found.outputs));
        response.setInputs(struct(found.inputs));
      }
      return Promise.resolve(response);
    }),

    update: unary<UpdateRequest, UpdateResponse>(async (request) => {
      const urn = request.getUrn();
      const token = typeIn(urn);
      const inputs = bag(request.getNews());
      const response = new messages.UpdateResponse();
      if (request.getPreview()) {
        const olds = bag(request.getOlds());
        response.setProperties(struct(resources.previewOutputs(token, inputs, olds)));
        return response;
      }
      const changed = await named("updating", urn, () =>
        resources.update(token, request.getId(), inputs, account(), store(), host(urn)),
      );
      response.setProperties(struct(changed.outputs));
      return response;
    }),

    delete: unary<DeleteRequest, Empty>(async (request) => {
      const urn = request.getUrn();
      await named("deleting", urn, () =>
        resources.remove(
          typeIn(urn),
          request.getId(),
          account(),
          store(),
          context.engine,
          host(urn),
        ),
      );
      return new empties.Empty();
    }),

    invoke: unary<InvokeRequest, InvokeResponse>((request) => {
      const response = new messages.InvokeResponse();
      const args = bag(request.getArgs());
      const answer = hasUnknown(args) ? args : invoke(request.getTok(), args, account());
      response.setReturn(struct(answer));
      return Promise.resolve(response);
    }),

    cancel: unary<Empty, Empty>(() => Promise.resolve(new empties.Empty())),
  };
}

/** Adds to an error the resource and the double that it is about. */
async function named<T>(what: string, urn: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const kind = typeIn(urn).replace(/^aws:(\w+)\/.*:/, "$1 ");
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`AWS double: ${what} ${kind} "${name}": ${text}`);
  }
}

function diffResponse({
  changed,
  replaces,
  deleteBeforeReplace,
}: resources.Difference): DiffResponse {
  const response = new messages.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  response.setChanges(changed.size === 0 ? DIFF_NONE : DIFF_SOME);
  response.setDiffsList([...changed.keys()]);
  response.setReplacesList([...replaces]);
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  const { Kind } = messages.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  for (const [key, how] of changed) {
    const [inPlace, replaced] = kinds[how];
    const property = new messages.PropertyDiff();
    property.setKind(
      replaces.some((path) => path === key || path.startsWith(`${key}.`)) ? replaced : inPlace,
    );
    property.setInputdiff(true);
    response.getDetaileddiffMap().set(key, property);
  }
  return response;
}
