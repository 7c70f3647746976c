import { expect } from "chai";
import fc from "fast-check";
import { example } from "../../catalog/schema.ts";
import { parseService, readServiceFile } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { servicesIn } from "../../promotion/services.ts";
import { oddScalars } from "./scalars.ts";

const path = "argocd/applications/dev/a.yaml";
const rules = {
  registryHost: example.image.repository.split("/")[0] ?? "",
  strategy: "newest-build",
} as const;

const fileWith = (key: "env" | "port" | "reason", scalar: string) => `image:
  repository: ${example.image.repository}
  tag: sha-3f2a9c1
port: ${key === "port" ? scalar : "8080"}
resources: small
replicas: 1
env:
  A: ${key === "env" ? scalar : "a"}
hold:
  tag: sha-0000001
  reason: ${key === "reason" ? scalar : "wait"}
`;

const scalar = fc.oneof(fc.constantFrom(...oddScalars), fc.stringMatching(/^[ -~]{0,12}$/));

describe("the dialect of service files", () => {
  it("is the same for every reader: one value, or one refusal", () => {
    fc.assert(
      fc.property(fc.constantFrom("env", "port", "reason"), scalar, (key, value) => {
        const text = fileWith(key, value);
        const { service } = parseService(path, text, rules);
        const content = readServiceFile(text);
        const [named] = servicesIn(new Map([[path, text]]));
        expect(
          content && { env: content.env, port: content.port, hold: content.hold },
        ).to.deep.equal(service && { env: service.env, port: service.port, hold: service.hold });
        expect(named && { tag: named.tag, hold: named.hold }).to.deep.equal(
          service && { tag: service.tag, hold: service.hold?.reason },
        );
        if (service) {
          const { env, port, hold } = service;
          expect(readYaml(path, text).value).to.deep.include({ env, port, hold });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is YAML 1.1, where an unquoted yes is not text", () => {
    expect(readServiceFile(fileWith("env", "yes"))).to.equal(undefined);
    expect(servicesIn(new Map([[path, fileWith("env", "yes")]]))).to.deep.equal([]);
    expect(readServiceFile(fileWith("env", '"yes"'))?.env).to.deep.equal({ A: "yes" });
  });
});
