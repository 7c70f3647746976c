import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import { expect } from "chai";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { policiesOf } from "../../policy/pack.ts";
import type { Rule } from "../../policy/rule.ts";
import { answersOf } from "../../policy/server.ts";
import { unknownValue } from "../../policy/values.ts";
import { resourceOf } from "../../policy/wire.ts";
import { prod } from "./support.ts";

const { EnforcementLevel, PolicySeverity, PolicyType } = messages;
const pack = { name: "idp", version: "0.1.0", description: "the rules" };
const urn = "urn:pulumi:prod::idp::test:Thing::one";
const words = {
  reason: "Blue is calm.",
  fix: "paint it",
  severity: "high",
  link: "https://example.com/blue",
  levels: { dev: "disabled", staging: "disabled", prod: "mandatory" },
  unknown: "refuse",
} as const;
const blue: Rule = {
  ...words,
  name: "things-are-blue",
  resource: ({ props, protect }) => {
    const found = `${String(props["colour"])} ${String(protect)}`;
    return props["colour"] === "blue" ? [] : [{ path: "colour", found, allowed: "must be blue" }];
  },
};
const few: Rule = {
  ...words,
  name: "things-are-few",
  stack: (resources) => [
    { path: "", found: resources.map(({ name }) => name).join(), allowed: "must be few" },
  ],
};

function request(props: Readonly<Record<string, structs.JavaScriptValue>>) {
  const options = new messages.AnalyzerResourceOptions();
  options.setProtect(true);
  const message = new messages.AnalyzeRequest();
  message.setType("test:Thing");
  message.setUrn(urn);
  message.setName("one");
  message.setProperties(structs.Struct.fromJavaScript(props));
  message.setOptions(options);
  return message.serializeBinary();
}

const answers = () => answersOf(policiesOf([blue, few], prod, [], new Date()), pack);
const ask = (
  from: ReturnType<typeof answers>,
  method: string,
  bytes: Uint8Array = new Uint8Array(),
) => {
  const answer = from[method];
  if (!answer) throw new Error(`no method ${method}`);
  return answer(bytes);
};
const said = (bytes: Uint8Array) =>
  messages.AnalyzeResponse.deserializeBinary(bytes).toObject().diagnosticsList;

describe("the pack as a service", () => {
  const breach = {
    policyname: "things-are-blue",
    policypackname: "idp",
    policypackversion: "0.1.0",
    description: "Blue is calm.",
    message: "Blue is calm.\ncolour: found red true; must be blue\n    Fix: paint it",
    enforcementlevel: EnforcementLevel.MANDATORY,
    urn: "",
    severity: PolicySeverity.POLICY_SEVERITY_HIGH,
  };

  it("says what is wrong with a resource, under the rule's name", () => {
    expect(said(ask(answers(), "analyze", request({ colour: "red" })))).to.deep.equal([breach]);
    expect(said(ask(answers(), "analyze", request({ colour: "blue" })))).to.deep.equal([]);
  });

  it("says what is wrong with a stack", () => {
    const message = new messages.AnalyzeStackRequest();
    for (const name of ["one", "two"]) {
      const resource = new messages.AnalyzerResource();
      resource.setType("test:Thing");
      resource.setUrn(urn);
      resource.setName(name);
      resource.setDependenciesList([urn]);
      message.addResources(resource);
    }
    expect(
      said(ask(answers(), "analyzeStack", message.serializeBinary())).map((one) => one.message),
    ).to.deep.equal(["Blue is calm.\nfound one,two; must be few\n    Fix: paint it"]);
  });

  it("follows its configuration", () => {
    const given = answers();
    const configure = (
      level: messages.EnforcementLevel,
      properties: Readonly<Record<string, structs.JavaScriptValue>> = {},
    ) => {
      const config = new messages.PolicyConfig();
      config.setEnforcementlevel(level);
      config.setProperties(structs.Struct.fromJavaScript(properties));
      const message = new messages.ConfigureAnalyzerRequest();
      message.getPolicyconfigMap().set("things-are-blue", config);
      expect(ask(given, "configure", message.serializeBinary())).to.have.length(0);
      return said(ask(given, "analyze", request({ colour: "red" })));
    };
    expect(configure(EnforcementLevel.DISABLED)).to.deep.equal([]);
    expect(configure(EnforcementLevel.ADVISORY)).to.deep.equal([
      { ...breach, enforcementlevel: EnforcementLevel.ADVISORY },
    ]);
    expect(configure(EnforcementLevel.MANDATORY, { environments: ["dev"] })).to.deep.equal([]);
    expect(configure(EnforcementLevel.REMEDIATE)).to.deep.equal([breach]);
  });

  it("tells the engine of its policies", () => {
    const info = messages.AnalyzerInfo.deserializeBinary(ask(answers(), "getAnalyzerInfo"));
    expect([info.getName(), info.getVersion(), info.getSupportsconfig()]).to.deep.equal([
      "idp",
      "0.1.0",
      true,
    ]);
    expect(
      info
        .getPoliciesList()
        .map((policy) => [
          policy.getName(),
          policy.getPolicyType(),
          policy.getEnforcementlevel(),
          policy.getSeverity(),
          policy.getDescription(),
          policy.getRemediationSteps(),
          policy.getUrl(),
        ]),
    ).to.deep.equal(
      [
        ["things-are-blue", PolicyType.POLICY_TYPE_RESOURCE],
        ["things-are-few", PolicyType.POLICY_TYPE_STACK],
      ].map((start) => [
        ...start,
        EnforcementLevel.MANDATORY,
        PolicySeverity.POLICY_SEVERITY_HIGH,
        "Blue is calm.",
        "paint it",
        "https://example.com/blue",
      ]),
    );
    expect(
      info.getPoliciesList()[0]?.getConfigschema()?.getProperties()?.toJavaScript(),
    ).to.deep.equal({
      environments: {
        type: "array",
        items: { type: "string", enum: ["dev", "staging", "prod"] },
        default: ["prod"],
        description: "Where the rule holds.",
      },
    });
  });

  it("reads what is not known, and secrets", () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const secret = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      value: "x",
    };
    const resource = resourceOf(request({ a: unknown, b: [secret], c: null }));
    expect(resource.props).to.deep.equal({ a: unknownValue, b: ["x"], c: null });
    expect(resource.props).to.equal(resource.props);
    expect(resourceOf(new Uint8Array())).to.deep.equal({
      type: "",
      urn: "",
      name: "",
      protect: false,
      props: {},
    });
  });
});
