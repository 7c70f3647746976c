import { status, type handleServerStreamingCall, type handleUnaryCall } from "@grpc/grpc-js";
import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/**
 * The handlers of a service in which every method without an answer refuses with UNIMPLEMENTED, which the engine takes for
 * an older language host.
 */
export function withRefusals(
  service: ServiceDefinition,
  answers: UntypedServiceImplementation,
): UntypedServiceImplementation {
  const refusals = Object.entries(service).map(
    ([method, { responseStream }]) =>
      [method, responseStream ? refusedStream(method) : refused(method)] as const,
  );
  return { ...Object.fromEntries(refusals), ...answers };
}

function refused(method: string): handleUnaryCall<unknown, unknown> {
  return (_call, callback) => {
    callback(refusal(method));
  };
}

function refusedStream(method: string): handleServerStreamingCall<unknown, unknown> {
  return (call) => {
    call.emit("error", refusal(method));
  };
}

function refusal(method: string) {
  return {
    code: status.UNIMPLEMENTED,
    details:
      `The twin's language host does not answer ${method}: pulumi preview, up, refresh, destroy and import do not need it. ` +
      "Fix: run the command with the official Pulumi CLI, or add it to twin/engine/language-host/",
  };
}
