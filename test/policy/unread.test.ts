import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect } from "chai";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { withoutInputs } from "../../policy/unread.ts";

function request(type: string) {
  const message = new messages.AnalyzeRequest();
  message.setType(type);
  message.setProperties(structs.Struct.fromJavaScript({ a: { b: ["c"] } }));
  message.setUrn("urn:pulumi:prod::idp::a:b:C::one");
  message.setName("one");
  const options = new messages.AnalyzerResourceOptions();
  options.setProtect(true);
  message.setOptions(options);
  return message;
}

const read = (bytes: Uint8Array) => messages.AnalyzeRequest.deserializeBinary(bytes);

describe("withoutInputs", () => {
  const isUnread = (type: string) => type === "unread";

  it("leaves a resource as it is where its inputs are read", () => {
    const bytes = request("read").serializeBinary();
    expect(withoutInputs(bytes, isUnread)).to.equal(bytes);
  });

  it("takes the inputs out, and nothing else", () => {
    const cut = read(withoutInputs(request("unread").serializeBinary(), isUnread));
    const expected = request("unread");
    expected.setProperties(new structs.Struct());
    expect(cut.toObject()).to.deep.equal(expected.toObject());
    expect(cut.getProperties()?.toJavaScript()).to.deep.equal({});
  });

  it("gives no inputs where there were none", () => {
    const bare = request("unread");
    bare.clearProperties();
    const cut = read(withoutInputs(bare.serializeBinary(), isUnread));
    expect(cut.getProperties()?.toJavaScript()).to.deep.equal({});
    expect([cut.getType(), cut.getName()]).to.deep.equal(["unread", "one"]);
  });
});
