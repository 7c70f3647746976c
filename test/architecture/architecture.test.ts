import { expect } from "chai";
import { execa } from "execa";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { keysOf } from "./lint.ts";
import { isThere, pathsIn } from "./paths.ts";
import { pictures, roomOf } from "./picture.ts";
import { filesOf } from "./sources.ts";

describe("make check", function () {
  this.timeout(60_000);
  let copy: string;

  before(async () => {
    copy = mkdtempSync(join(tmpdir(), "idp-architecture-"));
    for (const file of await filesOf(repositoryRoot)) {
      cpSync(join(repositoryRoot, file), join(copy, file));
    }
    symlinkSync(join(repositoryRoot, "node_modules"), join(copy, "node_modules"));
    await execa("git", ["init", "--quiet"], { cwd: copy });
    // .gitignore leaves out a folder of that name, not a link.
    appendFileSync(join(copy, ".git/info/exclude"), "node_modules\n");

    // The faults. Each part of the check sees all of them, and must name its own.
    const seed = (file: string, line: string) => {
      appendFileSync(join(copy, file), `${line}\n`);
    };
    seed("promotion/text.ts", 'import "../twin/up.ts";');
    seed("config/cidr.ts", 'import "../components/type-token.ts";');
    seed("doctor/checks.ts", 'import "../components/network.ts";');
    seed("lib/table.ts", 'import "./shell.ts";');
    seed("lib/shell.ts", 'import "./table.ts";');
    seed("policy/program/sources.ts", 'import "../repository/place.ts";');
    seed("twin/process/pid.ts", 'import "../engine/plugin.ts";');
    seed("cost/prices.ts", 'import "../test/architecture/sources.ts";');
    seed("cost/page.ts", "export const unused = 1;");
    seed("catalog/across.ts", "// See docs/no-such-page.md.");
    writeFileSync(join(copy, "lib/nobody.ts"), "export const nobody = 1;\n");
    const manifest = join(copy, "package.json");
    const text = readFileSync(manifest, "utf8");
    writeFileSync(manifest, text.replace(/"dependencies": \{/, '$&\n    "left-pad": "1.3.0",'));
  });
  after(() => {
    removeTree(copy);
  });

  /** What one part of `make check` says of the copy, which it must refuse. */
  async function refusal(part: string): Promise<string[]> {
    const { failed, all } = await execa("make", [`check-${part}`], {
      cwd: copy,
      // `make test` runs these tests: this make is not a part of that one.
      env: { MAKELEVEL: "0", MAKEFLAGS: "", MFLAGS: "" },
      all: true,
      reject: false,
    });
    expect(failed, all).to.equal(true);
    return all.split("\n");
  }

  it("refuses imports that go up, and circles, by a rule's name", async () => {
    const found = (await refusal("imports")).flatMap(
      (line) => /error (.*?) *$/.exec(line)?.[1] ?? [],
    );
    expect(found).to.include.members([
      "the-twin-stays-apart: promotion/text.ts → twin/up.ts",
      "promotion-imports-down: promotion/text.ts → twin/up.ts",
      "config-imports-down: config/cidr.ts → components/type-token.ts",
      "twin-process-imports-down: twin/process/pid.ts → twin/engine/plugin.ts",
      "tests-stay-outside: cost/prices.ts → test/architecture/sources.ts",
      "no-circles: lib/shell.ts →",
      "no-circles-of-folders: policy/repository →",
    ]);
    expect([...new Set(found.map((line) => line.split(":")[0]))].sort()).to.deep.equal([
      "config-imports-down",
      "judges-make-no-resource",
      "no-circles",
      "no-circles-of-folders",
      "promotion-imports-down",
      "tests-stay-outside",
      "the-twin-stays-apart",
      "twin-process-imports-down",
    ]);
  });

  it("refuses a package, an export and a file that nothing uses", async () => {
    const found = (await refusal("unused")).map((line) => line.replace(/ {2,}.*/, ""));
    expect(found.slice(0, -1)).to.deep.equal([
      "Unused files (1)",
      "lib/nobody.ts",
      "Unused dependencies (1)",
      "left-pad",
      "Unused exports (1)",
      "unused",
    ]);
  });

  it("refuses a comment that names a file which is not there", async () => {
    expect((await refusal("paths"))[0]).to.match(
      /^catalog\/across\.ts:\d+: comments-name-files: found docs\/no-such-page\.md; there is no such file\. Fix: /,
    );
  });

  it("refuses pictures that show other imports than there are", async () => {
    expect((await refusal("picture"))[0]).to.equal(
      "ARCHITECTURE.md: pictures-are-current: a picture shows other imports than there are. Fix: make picture",
    );
  });
});

describe("paths in comments and pages", () => {
  const found = (file: string, text: string) =>
    pathsIn(file, text).map(({ line, path }) => `${line} ${path}`);

  it("are read from a source's comments, not from its code", () => {
    expect(
      found(
        "lib/a.ts",
        [
          "/** See lib/paths.ts and docs/, not https://example.com/a.ts or 3.14. */",
          'const file = "lib/string.ts"; // as config/load.ts:12 has it',
          " * `twin/*/README.md`, and/or ../cli/main.ts",
        ].join("\n"),
      ),
    ).to.deep.equal([
      "1 lib/paths.ts",
      "1 docs/",
      "2 config/load.ts",
      "3 twin/*/README.md",
      "3 ../cli/main.ts",
    ]);
  });

  it("are read from a page as a whole, and from a script's comments", () => {
    expect(found("docs/a.md", "Run `node cli/main.ts`, [b](b.md).")).to.deep.equal([
      "1 cli/main.ts",
      "1 b.md",
    ]);
    expect(found(".ci/run", "cat lib/a.ts # see lib/b.ts")).to.deep.equal(["1 lib/b.ts"]);
  });

  it("are there as a file, its end, a pattern of files, or a folder", () => {
    const files = ["twin/aws/README.md", "argocd/applications/dev/a.yaml", "lib/paths.ts"];
    const there = (path: string) => isThere({ file: "", line: 1, path }, files);
    for (const path of [
      ...["lib/paths.ts", "paths.ts", "../lib/paths.ts", "twin/aws/", "twin/*/README.md"],
      ...["argocd/applications/<environment>/<service>.yaml", "lib/{paths,table}.ts"],
    ]) {
      expect(there(path), path).to.equal(true);
    }
    for (const path of [
      "lib/path.ts",
      "aths.ts",
      "aws/paths.ts",
      "twin/gcp/",
      "lib/{path,table}.ts",
    ]) {
      expect(there(path), path).to.equal(false);
    }
  });
});

describe("what is linted again", () => {
  const sources = new Map([
    ["lib/a.ts", "export const a = 1;"],
    ["cli/b.ts", 'import { a } from "../lib/a.ts";'],
    ["cli/c.ts", 'const b = await import("./b.ts");'],
    ["cli/d.ts", ""],
  ]);
  const changed = (file: string, base = "") => {
    const [before, after] = [
      keysOf(sources, ""),
      keysOf(new Map([...sources, [file, `${sources.get(file) ?? ""}\n`]]), base),
    ];
    return [...sources.keys()].filter((path) => before.get(path) !== after.get(path));
  };

  it("is a changed file and all that import it, however far away", () => {
    expect(changed("lib/a.ts")).to.deep.equal(["lib/a.ts", "cli/b.ts", "cli/c.ts"]);
    expect(changed("cli/c.ts")).to.deep.equal(["cli/c.ts"]);
  });

  it("is everything after a change of packages, options or Node", () => {
    expect(changed("cli/d.ts", "others")).to.deep.equal([...sources.keys()]);
  });
});

describe("the pictures of ARCHITECTURE.md", () => {
  it("show rooms, the twin as one of them and then its own, without detours", () => {
    const { platform, twin } = pictures([
      ["cli", "twin/aws"],
      ["cli", "lib"],
      ["twin/aws", "twin/state"],
      ["twin/aws", "lib"],
    ]);
    expect(platform.split("\n")).to.deep.equal([
      "```mermaid",
      "graph TD",
      '  cli["cli"]',
      '  lib["lib"]',
      '  twin["twin"]',
      "  cli --> twin",
      "  twin --> lib",
      "```",
    ]);
    expect(twin.split("\n")).to.deep.equal([
      "```mermaid",
      "graph TD",
      '  twin_aws["aws"]',
      '  twin_state["state"]',
      "  twin_aws --> twin_state",
      "```",
    ]);
  });

  it("know a file's room", () => {
    expect(
      ["index.ts", "lib/a.ts", "twin/up.ts", "twin/aws/types/ec2.ts", "test/a.ts"].map(roomOf),
    ).to.deep.equal(["index.ts", "lib", "twin", "twin/aws", undefined]);
  });
});
