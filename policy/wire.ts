import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import jspb from "google-protobuf";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import {
  configSchema,
  type Breach,
  type PackConfig,
  type Policy,
  type Registered,
} from "./pack.ts";
import { fromPlan } from "./plan.ts";
import type { Level, Severity } from "./rule.ts";
import { entriesOf } from "./values.ts";

/** Who the engine is talking to. */
export interface PackIdentity {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

const { EnforcementLevel, PolicySeverity, PolicyType } = messages;

const levels = {
  mandatory: EnforcementLevel.MANDATORY,
  advisory: EnforcementLevel.ADVISORY,
  disabled: EnforcementLevel.DISABLED,
} as const satisfies Record<Level, number>;

const severities = {
  low: PolicySeverity.POLICY_SEVERITY_LOW,
  medium: PolicySeverity.POLICY_SEVERITY_MEDIUM,
  high: PolicySeverity.POLICY_SEVERITY_HIGH,
  critical: PolicySeverity.POLICY_SEVERITY_CRITICAL,
} as const satisfies Record<Severity, number>;

/** Fields that AnalyzeRequest and AnalyzerResource have in common (proto/pulumi/analyzer.proto of Pulumi). */
const fields = { type: 1, properties: 2, urn: 3, name: 4, options: 5 } as const;

/**
 * A resource of the engine's, from the bytes of an AnalyzeRequest or an AnalyzerResource. Its inputs are decoded when
 * somebody asks for them.
 */
export function resourceOf(bytes: Uint8Array): Registered {
  const reader = new jspb.BinaryReader(bytes);
  const found = { type: "", urn: "", name: "", protect: false };
  let encoded: Uint8Array = new Uint8Array();
  while (reader.nextField()) {
    const field = reader.getFieldNumber();
    if (field === fields.type) found.type = reader.readString();
    else if (field === fields.urn) found.urn = reader.readString();
    else if (field === fields.name) found.name = reader.readString();
    else if (field === fields.properties) encoded = reader.readBytes();
    else if (field === fields.options) {
      const options = messages.AnalyzerResourceOptions.deserializeBinary(reader.readBytes());
      found.protect = options.getProtect();
    } else reader.skipField();
  }
  let decoded: Readonly<Record<string, unknown>> | undefined;
  return {
    ...found,
    get props() {
      decoded ??= Object.fromEntries(
        entriesOf(fromPlan(structs.Struct.deserializeBinary(encoded).toJavaScript())),
      );
      return decoded;
    },
  };
}

/** The resources of a stack, from the bytes of an AnalyzeStackRequest. */
export function resourcesOf(bytes: Uint8Array): Registered[] {
  const reader = new jspb.BinaryReader(bytes);
  const resources: Registered[] = [];
  while (reader.nextField()) {
    if (reader.getFieldNumber() === 1) resources.push(resourceOf(reader.readBytes()));
    else reader.skipField();
  }
  return resources;
}

/** What the engine says of the policies' levels and properties, from the bytes of a ConfigureAnalyzerRequest. */
export function configOf(bytes: Uint8Array): PackConfig {
  const map = messages.ConfigureAnalyzerRequest.deserializeBinary(bytes).getPolicyconfigMap();
  return new Map(
    [...map.entries()].map(([name, config]) => {
      const environments: unknown = config.getProperties()?.toJavaScript()["environments"];
      const number = config.getEnforcementlevel();
      const level = Object.entries(levels).find(([, known]) => known === number)?.[0];
      return [
        name,
        {
          // What is neither (a remediation is not offered) stops.
          level: level === "advisory" || level === "disabled" ? level : "mandatory",
          environments: Array.isArray(environments) ? (environments as unknown[]) : undefined,
        },
      ];
    }),
  );
}

/** The bytes of an AnalyzeResponse. */
export function encodeBreaches(breaches: readonly Breach[], pack: PackIdentity): Uint8Array {
  const response = new messages.AnalyzeResponse();
  response.setDiagnosticsList(
    breaches.map(({ policy, level, message }) => {
      const diagnostic = new messages.AnalyzeDiagnostic();
      diagnostic.setPolicyname(policy.name);
      diagnostic.setPolicypackname(pack.name);
      diagnostic.setPolicypackversion(pack.version);
      diagnostic.setDescription(policy.description);
      diagnostic.setMessage(`${policy.description}\n${message}`);
      diagnostic.setEnforcementlevel(levels[level]);
      diagnostic.setSeverity(severities[policy.severity]);
      return diagnostic;
    }),
  );
  return response.serializeBinary();
}

/** The bytes of an AnalyzerInfo: the policies by name. */
export function encodeInfo(policies: readonly Policy[], pack: PackIdentity): Uint8Array {
  const info = new messages.AnalyzerInfo();
  info.setName(pack.name);
  info.setVersion(pack.version);
  info.setDescription(pack.description);
  info.setSupportsconfig(true);
  info.setPoliciesList(
    policies.map((policy) => {
      const one = new messages.PolicyInfo();
      one.setName(policy.name);
      one.setDescription(policy.description);
      one.setEnforcementlevel(levels[policy.level]);
      one.setSeverity(severities[policy.severity]);
      one.setRemediationSteps(policy.fix);
      if (policy.url !== undefined) one.setUrl(policy.url);
      one.setPolicyType(
        policy.stack ? PolicyType.POLICY_TYPE_STACK : PolicyType.POLICY_TYPE_RESOURCE,
      );
      const schema = new messages.PolicyConfigSchema();
      schema.setProperties(structs.Struct.fromJavaScript(configSchema(policy)));
      one.setConfigschema(schema);
      return one;
    }),
  );
  return info.serializeBinary();
}
