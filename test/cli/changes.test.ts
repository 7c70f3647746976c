import { expect } from "chai";
import { programPaths, reasonOf } from "../../cli/changes.ts";
import { environments } from "../../config/environments.ts";
import { committedRules } from "../../catalog/committed-rules.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { rooms } from "../architecture/rooms.ts";

const file = "argocd/applications/dev/clock.yaml";
const rules = committedRules(repositoryRoot);
const service = (tag: string, more = "", image = "idp/clock") =>
  `image:\n  repository: ${rules.dev.registryHost}/${image}\n  tag: ${tag}\nport: 8080\nresources: small\nreplicas: 1\n${more}`;

/** Why dev has work after a change of its one service file. */
const after = (before: string | undefined, now: string | undefined, options = {}) =>
  reasonOf(
    {
      environment: "dev",
      paths: [file],
      before: new Map(before === undefined ? [] : [[file, before]]),
      after: new Map(now === undefined ? [] : [[file, now]]),
      rules: rules.dev,
    },
    options,
  );

describe("what a change makes work for", () => {
  const all = [...environments];
  for (const [path, stacks] of Object.entries({
    "index.ts": all,
    "inputs.ts": all,
    "lib/table.ts": all,
    "components/network.ts": all,
    "policy/rules/index.ts": all,
    "package-lock.json": all,
    "Pulumi.yaml": all,
    "Pulumi.staging.yaml": ["staging"],
    "README.md": [],
    "catalog.md": [],
    "helm-charts/standard-service/values.yaml": [],
    "twin/up.ts": [],
    ".github/workflows/provision.yml": [],
  })) {
    it(`${path}: ${stacks.join(", ") || "nothing"}`, () => {
      const nothing = new Map<string, string>();
      const found = environments.filter(
        (environment) =>
          reasonOf({
            environment,
            paths: [path],
            before: nothing,
            after: nothing,
            rules: rules[environment],
          }) !== undefined,
      );
      expect(found).to.deep.equal(stacks);
    });
  }

  it("knows every folder that the program imports", () => {
    const imported = [...(rooms["index.ts"] ?? []), ...(rooms["policy"] ?? []), "policy"];
    const known = programPaths.map((path) => path.replace(/\/$/, ""));
    expect(imported.filter((room) => !known.some((path) => path === room))).to.deep.equal([]);
  });

  const first = service("sha-0000001");
  for (const [what, now] of Object.entries({
    "a tag": service("sha-0000002"),
    "a hold": service("sha-0000001", "hold: { tag: sha-0000001, reason: audit }\n"),
    replicas: first.replace("replicas: 1", "replicas: 2"),
    "a port": first.replace("8080", "9090"),
  })) {
    it(`${what}: nothing, unless every change counts`, () => {
      expect(after(first, now)).to.equal(undefined);
      expect(after(first, now, { files: true })).to.equal(`${file} changed`);
    });
  }

  for (const [what, [before, now]] of Object.entries<[string | undefined, string | undefined]>({
    "a new service": [undefined, first],
    "a removed service": [first, undefined],
    "another image": [first, service("sha-0000001", "", "idp/watch")],
    "a file with a mistake": [first, "port: many\n"],
  })) {
    it(`${what}: its stack`, () => {
      expect(after(before, now)).to.include("argocd/applications/dev/ has other services");
    });
  }
});
