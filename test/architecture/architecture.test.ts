import { expect } from "chai";
import { execa } from "execa";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";
import { filesOf } from "./sources.ts";

/** A file that a seeded fault is appended to, and what. */
type Seed = readonly [file: string, text: string];

describe("make check", function () {
  this.timeout(60_000);
  let copy: string;

  beforeEach(async () => {
    copy = mkdtempSync(join(tmpdir(), "idp-architecture-"));
    for (const file of await filesOf(repositoryRoot)) {
      cpSync(join(repositoryRoot, file), join(copy, file));
    }
    await execa("git", ["init", "--quiet"], { cwd: copy });
    symlinkSync(join(repositoryRoot, "node_modules"), join(copy, "node_modules"));
  });
  afterEach(() => {
    rmSync(copy, { recursive: true });
  });

  /** Appends faults to the copy and runs one part of `make check` there. */
  async function check(part: string, seeds: readonly Seed[]) {
    for (const [file, text] of seeds) appendFileSync(join(copy, file), text);
    const { exitCode, all } = await execa("make", [`check-${part}`], {
      cwd: copy,
      all: true,
      reject: false,
    });
    return { exitCode, all };
  }

  it("refuses imports that go up and circles, and names the rule of each", async () => {
    const { exitCode, all } = await check("imports", [
      ["promotion/text.ts", 'export { up } from "../twin/up.ts";\n'],
      ["config/cidr.ts", 'export { Network } from "../components/network.ts";\n'],
      ["lib/table.ts", 'export { shellWord } from "./shell.ts";\n'],
      ["lib/shell.ts", 'export { tableLines } from "./table.ts";\n'],
      ["twin/process/pid.ts", 'export { startScript } from "../engine/plugin.ts";\n'],
      ["policy/rules/keys-rotate.ts", 'export { once } from "../repository/findings.ts";\n'],
      ["cost/prices.ts", 'export { record } from "../test/support/record.ts";\n'],
    ]);
    expect(all.match(/error [\w-]+: .*/g)).to.deep.equal([]);
    expect(exitCode).not.to.equal(0);
  });

  it("refuses a package, an export and a file that nothing uses", async () => {
    const manifest = join(copy, "package.json");
    const text = readFileSync(manifest, "utf8");
    writeFileSync(
      manifest,
      text.replace('"dependencies": {', '"dependencies": {\n    "left-pad": "1.3.0",'),
    );
    const { exitCode, all } = await check("unused", [
      ["lib/table.ts", "export const unused = 1;\n"],
      ["lib/nobody.ts", "export const nothing = 1;\n"],
    ]);
    expect(all).to.equal("");
    expect(exitCode).not.to.equal(0);
  });

  it("refuses a comment that names a file which is not there", async () => {
    const { exitCode, all } = await check("paths", [
      ["lib/table.ts", "// See lib/no-such-file.ts.\n"],
    ]);
    expect(all).to.equal("");
    expect(exitCode).not.to.equal(0);
  });

  it("refuses a picture that shows other imports than there are", async () => {
    const { exitCode, all } = await check("picture", [
      ["cost/page.ts", 'export { tableLines } from "../lib/table.ts";\n'],
    ]);
    expect(all).to.equal("");
    expect(exitCode).not.to.equal(0);
  });
});
