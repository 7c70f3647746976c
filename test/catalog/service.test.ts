import { expect } from "chai";
import fc from "fast-check";
import type { CatalogRules } from "../../catalog/schema.ts";
import { parseService } from "../../catalog/service.ts";

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
const dev: CatalogRules = { registryHost: host, strategy: "newest-build" };
const prod: CatalogRules = { registryHost: host, strategy: "pinned" };
const folder = "argocd/applications/dev";

const compliant = `image:
  repository: ${host}/idp/localtime
  tag: sha-3f2a9c1
port: 1599
resources: small
replicas: 1
`;

/** The findings, each as `line:column rule message | fix`. */
function faults(text: string, { rules = dev, name = "time-service" } = {}): string[] {
  return parseService(`${folder}/${name}.yaml`, text, rules).findings.map(
    ({ line, column, rule, message, fix }) => `${line}:${column} ${rule} ${message} | ${fix}`,
  );
}

const keys = "image, port, resources, replicas, health, ingress, env, hold";

describe("parseService", () => {
  it("fills in the defaults and takes the service's name from the file's", () => {
    const { service, findings } = parseService(`${folder}/time-service.yaml`, compliant, dev);
    expect(findings).to.deep.equal([]);
    expect(service).to.deep.equal({
      name: "time-service",
      file: "argocd/applications/dev/time-service.yaml",
      image: {
        repository: `${host}/idp/localtime`,
        host,
        name: "idp/localtime",
        tag: "sha-3f2a9c1",
      },
      tag: "sha-3f2a9c1",
      port: 1599,
      resources: "small",
      replicas: { min: 1, max: 1 },
      health: { live: "/health", ready: "/ready" },
      ingress: undefined,
      env: {},
      hold: undefined,
    });
  });

  it("reads every optional key", () => {
    const text =
      compliant.replace("replicas: 1", "replicas: { min: 2, max: 6 }") +
      "health:\n  ready: /up\ningress:\n  path: /\n  host: time.example.com\nenv:\n  ZONE: UTC\nhold:\n  tag: sha-0123abc\n  reason: wait for it\n";
    const { service } = parseService(`${folder}/time-service.yaml`, text, dev);
    expect(service?.image.tag).to.equal("sha-3f2a9c1");
    expect(service).to.deep.include({
      replicas: { min: 2, max: 6 },
      health: { live: "/health", ready: "/up" },
      ingress: { path: "/", host: "time.example.com" },
      env: { ZONE: "UTC" },
      tag: "sha-0123abc",
      hold: { tag: "sha-0123abc", reason: "wait for it" },
    });
  });

  describe("tags by image strategy", () => {
    const cases: [CatalogRules["strategy"], string, boolean][] = [
      ["newest-build", "sha-3f2a9c1", true],
      ["newest-build", "v1.2.3", false],
      ["newest-build", "latest", false],
      ["newest-build", "sha-3F2A9C1", false],
      ["newest-build", "sha-3f2a9c10", false],
      ["semver", "v1.2.3", true],
      ["semver", "sha-3f2a9c1", false],
      ["semver", "v1.2", false],
      ["semver", "1.2.3", false],
      ["semver", "v01.2.3", false],
      ["semver", "v1.2.3-rc.1", false],
      ["pinned", "v10.20.30", true],
      ["pinned", "latest", false],
    ];
    for (const [strategy, tag, allowed] of cases) {
      it(`${strategy} ${allowed ? "accepts" : "refuses"} ${tag}`, () => {
        const text = compliant.replace("sha-3f2a9c1", tag);
        const found = faults(text, { rules: { ...dev, strategy } });
        expect(found.length).to.equal(allowed ? 0 : 1);
      });
    }
  });

  describe("one fault, one finding", () => {
    const cases: [title: string, text: string, expected: string][] = [
      [
        "a moving tag",
        compliant.replace("sha-3f2a9c1", "latest"),
        "3:8 wrong-value image.tag: found latest; must be sha-<7 hex digits> here: this environment runs builds | write for example tag: sha-3f2a9c1",
      ],
      [
        "another account's registry",
        compliant.replace("123456789012", "111111111111"),
        `2:15 wrong-value image.repository: found 111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/localtime; must be in this environment's own registry, ${host} | write for example repository: ${host}/idp/localtime`,
      ],
      [
        "a public registry",
        compliant.replace(host, "docker.io"),
        `2:15 wrong-value image.repository: found docker.io/idp/localtime; must be an image repository in this environment's registry, ${host}/<name> | write for example repository: ${host}/idp/localtime`,
      ],
      [
        "a key about syncing",
        `${compliant}syncPolicy: automated\n`,
        `7:1 unknown-key syncPolicy: found an unknown key; may be ${keys} | delete it`,
      ],
      [
        "a misspelt key",
        `${compliant}ingres:\n  path: /\n`,
        `7:1 unknown-key ingres: found an unknown key; may be ${keys} | write ingress`,
      ],
      [
        "an unknown key further in",
        `${compliant}health:\n  redy: /up\n`,
        "8:3 unknown-key health.redy: found an unknown key; may be live, ready | write ready",
      ],
      [
        "a missing key",
        compliant.replace("port: 1599\n", ""),
        "1:1 missing-key port: found nothing; must be the port the container listens on, 1024 to 65535 | write for example port: 8080",
      ],
      [
        "a missing key further in",
        compliant.replace("  tag: sha-3f2a9c1\n", ""),
        "1:1 missing-key image.tag: found nothing; must be sha-<7 hex digits> here: this environment runs builds | write for example tag: sha-3f2a9c1",
      ],
      [
        "a key without a value",
        compliant.replace("port: 1599", "port:"),
        "4:6 wrong-value port: found nothing; must be the port the container listens on, 1024 to 65535 | write for example port: 8080",
      ],
      [
        "a port only root may open",
        compliant.replace("1599", "80"),
        "4:7 wrong-value port: found 80; must be the port the container listens on, 1024 to 65535 | write for example port: 8080",
      ],
      [
        "a port in quotes",
        compliant.replace("1599", '"1599"'),
        '4:7 wrong-value port: found "1599"; must be the port the container listens on, 1024 to 65535 | write for example port: 8080',
      ],
      [
        "an unknown size",
        compliant.replace("small", "huge"),
        "5:12 wrong-value resources: found huge; must be one of small, medium, large | write for example resources: small",
      ],
      [
        "no replica",
        compliant.replace("replicas: 1", "replicas: 0"),
        '6:11 wrong-value replicas: found 0; must be a whole number from 1 to 50 | write for example replicas: {"min":2,"max":6}',
      ],
      [
        "a maximum below the minimum",
        compliant.replace("replicas: 1", "replicas: { min: 3, max: 2 }"),
        "6:26 wrong-value replicas.max: found 2; must not be less than min | write for example max: 6",
      ],
      [
        "half a range",
        compliant.replace("replicas: 1", "replicas:\n  min: 3"),
        "6:1 missing-key replicas.max: found nothing; must be a whole number from 1 to 50 | write for example max: 6",
      ],
      [
        "an ingress path without its slash",
        `${compliant}ingress:\n  path: time\n`,
        '8:9 wrong-value ingress.path: found time; must be a path such as /health, beginning with / | write for example path: "/"',
      ],
      [
        "an ingress path with an empty part",
        `${compliant}ingress:\n  path: //\n`,
        '8:9 wrong-value ingress.path: found //; must be a path without the parts //, /./ and /../, which the API server refuses | write for example path: "/"',
      ],
      [
        "an IP address as a host",
        `${compliant}ingress:\n  path: /\n  host: 10.0.0.1\n`,
        "9:9 wrong-value ingress.host: found 10.0.0.1; must be a host name such as time.example.com: at most 253 characters, 63 between two dots, no IP address | write for example host: time.example.com",
      ],
      [
        "a variable that Helm would read as a boolean",
        `${compliant}env:\n  FLAG: yes\n`,
        '8:9 wrong-value env.FLAG: found yes; must be text | write for example FLAG: "yes"',
      ],
      [
        "a variable no shell could name",
        `${compliant}env:\n  log-level: info\n`,
        "8:3 wrong-value env.log-level: found this name; must be a name of capitals, digits and underscores | write for example LOG_LEVEL",
      ],
      [
        "an empty file",
        "",
        `1:1 wrong-value found an empty file; must be a map of ${keys} | start from the example in docs/services.md`,
      ],
      [
        "a list",
        "- image\n",
        `1:1 wrong-value found - image; must be a map of ${keys} | start from the example in docs/services.md`,
      ],
      [
        "a key twice",
        `${compliant}port: 8080\n`,
        "7:1 yaml port: found the key a second time; must occur once | keep one of the two lines",
      ],
      [
        "two documents",
        `${compliant}---\nport: 1\n`,
        "7:1 yaml found a second document; must be one YAML document | correct this line or the one above it",
      ],
      [
        "a tab",
        `${compliant}env:\n\tA: b\n`,
        "8:1 yaml found a tab as indentation; must be one YAML document | correct this line or the one above it",
      ],
      [
        "a merge key",
        `${compliant}<<: { port: 1 }\n`,
        `7:1 unknown-key <<: found an unknown key; may be ${keys} | delete it`,
      ],
      [
        "an anchor",
        compliant.replace("small", "&size small"),
        "5:18 yaml found the anchor &size; must be plain keys and values: people and Image Updater edit this file | delete the anchor",
      ],
      [
        "a tag of YAML",
        compliant.replace("1599", "!!int 1599"),
        "4:13 yaml found the tag tag:yaml.org,2002:int; must be plain keys and values: people and Image Updater edit this file | delete the tag",
      ],
      [
        "a YAML version",
        `%YAML 1.2\n---\n${compliant}`,
        "1:1 yaml found a %YAML directive; must be plain keys and values: people and Image Updater edit this file | delete the line",
      ],
    ];
    for (const [title, text, expected] of cases) {
      it(title, () => {
        expect(faults(text)).to.deep.equal([expected]);
      });
    }
  });

  it("reports all faults of a file at once, in the file's order", () => {
    const text = compliant
      .replace("sha-3f2a9c1", "v1.2")
      .replace("port: 1599", "prot: 1599")
      .replace("small", "tiny");
    expect(
      faults(text, { rules: prod }).map((fault) => fault.split(" ", 3).join(" ")),
    ).to.deep.equal([
      "1:1 missing-key port:",
      "3:8 wrong-value image.tag:",
      "4:1 unknown-key prot:",
      "5:12 wrong-value resources:",
    ]);
  });

  describe("an ingress has what the API server takes:", () => {
    const label = "a".repeat(63);
    const longest = [label, label, label, "a".repeat(61)].join(".");
    const refusals = (key: string, value: string) =>
      faults(
        `${compliant}ingress:\n  path: ${key === "path" ? value : "/"}\n${key === "host" ? `  host: ${value}\n` : ""}`,
      ).length;

    for (const value of [
      ...["/", "/a", "/a/", "/a/b", "/...", "/.a", "/..a", "/a..", "/a.", "/~a/.well-known/x_y-z"],
    ]) {
      it(`the path ${value}`, () => {
        expect(refusals("path", value)).to.equal(0);
      });
    }
    for (const value of ["//", "/a//b", "/./", "/.", "/..", "/a/..", "/a/../b", "/a/.", "/a//"]) {
      it(`not the path ${value}`, () => {
        expect(refusals("path", value)).to.equal(1);
      });
    }
    for (const value of ["time.example.com", "1.example.com", "a.b", `${label}.a`, longest]) {
      it(`the host ${value.slice(0, 20)} of ${value.length} characters`, () => {
        expect(refusals("host", value)).to.equal(0);
      });
    }
    for (const value of [
      ...[
        "10.0.0.1",
        "010.0.0.1",
        "1.2.3.400",
        "a.1",
        "time",
        ".a.b",
        "a..b",
        "a.b.",
        "-a.b",
        "a-.b",
      ],
      ...["A.b", "*.a.b", "a_b.c", `${label}a.b`, `${longest}a`],
    ]) {
      it(`not the host ${value.slice(0, 20)} of ${value.length} characters`, () => {
        expect(refusals("host", JSON.stringify(value))).to.equal(1);
      });
    }
  });

  describe("the file's name", () => {
    const refused = ["Time", "time_service", "1time", "-time", "time-", "time.v2", "a".repeat(54)];
    for (const name of refused) {
      it(`refuses ${name}`, () => {
        expect(faults(compliant, { name })).to.deep.equal([
          `1:1 file-name found "${name}"; must be a namespace's name: lowercase letters, digits and dashes, beginning with a letter, at most 53 characters | git mv ${folder}/${name}.yaml ${folder}/<name>.yaml`,
        ]);
      });
    }
    for (const name of ["kube-system", "kube-x", "default", "argocd"]) {
      it(`refuses ${name}, which belongs to the platform`, () => {
        expect(faults(compliant, { name })).to.deep.equal([
          `1:1 file-name found "${name}"; must not be one of the platform's: argocd, default, kube-* | git mv ${folder}/${name}.yaml ${folder}/<name>.yaml`,
        ]);
      });
    }
    it("accepts the longest name that Helm accepts", () => {
      expect(faults(compliant, { name: "a".repeat(53) })).to.deep.equal([]);
    });
  });

  it("never throws, whatever the file holds", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((end) => compliant + end),
        ),
        (text) => {
          const { service, findings } = parseService(`${folder}/x.yaml`, text, dev);
          expect(findings.length > 0).to.equal(service === undefined);
        },
      ),
    );
  });
});
