/**
 * Spares the library work on what no rule looks at. The engine sends a resource's inputs three times: for remediations,
 * which the pack does not offer, for the analysis, and with the whole stack. To decode them is most of what a pack costs,
 * and definitions of kinds, at which no rule looks, are most of them. So the inputs of these are cut out of a request
 * before it is decoded. What is left, and what the rules say, is the same (docs/decisions/0010-two-policies.md).
 */
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import jspb from "google-protobuf";
import { isUnjudged } from "./plan.ts";

/** Fields of AnalyzeRequest and of AnalyzerResource (proto/pulumi/analyzer.proto of Pulumi). */
const fields = { type: 1, properties: 2 } as const;

/** The one field of AnalyzeStackRequest, repeated. */
const resources = 1;

/** What stands for a map without entries in {@link fields}.properties: the field's tag and its length. */
const noProperties = Uint8Array.of(0x12, 0x00);

/** From here on requests are read without the inputs that no rule looks at. */
export function leaveUnread(): void {
  const { AnalyzeRequest, AnalyzeStackRequest } = messages;
  AnalyzerService.remediate.requestDeserialize = (bytes) =>
    AnalyzeRequest.deserializeBinary(withoutInputs(bytes, () => true));
  AnalyzerService.analyze.requestDeserialize = (bytes) =>
    AnalyzeRequest.deserializeBinary(withoutInputs(bytes, isUnjudged));
  AnalyzerService.analyzeStack.requestDeserialize = (bytes) => {
    const request = new AnalyzeStackRequest();
    const reader = new jspb.BinaryReader(bytes);
    while (reader.nextField()) {
      if (reader.getFieldNumber() === resources) {
        const resource = withoutInputs(reader.readBytes(), isUnjudged);
        request.addResources(messages.AnalyzerResource.deserializeBinary(resource));
      } else reader.skipField();
    }
    return request;
  };
}

/** The bytes of a resource; without its inputs where its type is one of these. */
export function withoutInputs(bytes: Uint8Array, isUnread: (type: string) => boolean): Uint8Array {
  const reader = new jspb.BinaryReader(bytes);
  let type = "";
  let [start, end] = [0, 0];
  while (reader.nextField()) {
    const field = reader.getFieldNumber();
    const at = reader.getFieldCursor();
    if (field === fields.type) type = reader.readString();
    else reader.skipField();
    if (field === fields.properties) [start, end] = [at, reader.getCursor()];
  }
  if (!isUnread(type)) return bytes;
  return Buffer.concat([bytes.subarray(0, start), noProperties, bytes.subarray(end)]);
}
