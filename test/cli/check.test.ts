import { expect } from "chai";
import { execa } from "execa";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { repositoryRoot } from "../../lib/paths.ts";

describe("idp check on a runner", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp-check-"));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  it("loads no file of the twin", async function () {
    this.timeout(120_000);
    const helm = join(scratch, "bin/helm");
    mkdirSync(join(scratch, "bin"));
    writeFileSync(helm, "#!/bin/sh\n");
    chmodSync(helm, 0o755);
    // Records every module that Node loads, and takes the network away.
    const list = join(scratch, "loaded");
    const hook = join(scratch, "hook.mjs");
    writeFileSync(
      hook,
      `import { appendFileSync } from "node:fs";
      import { registerHooks } from "node:module";
      globalThis.fetch = () => Promise.reject(new Error("no network"));
      registerHooks({
        load(url, context, next) {
          appendFileSync(${JSON.stringify(list)}, url + "\\n");
          return next(url, context);
        },
      });`,
    );
    const { stdout } = await execa(
      process.execPath,
      ["--import", pathToFileURL(hook).href, "cli/main.ts", "check", "--json"],
      {
        cwd: repositoryRoot,
        reject: false,
        env: {
          PATH: `${join(scratch, "bin")}${delimiter}${process.env["PATH"] ?? ""}`,
          IDP_CACHE: join(scratch, "cache"),
        },
      },
    );
    // The command finished: without the releases' manifests it warns.
    expect(JSON.parse(stdout)).to.be.an("array").that.is.not.empty;
    const loaded = readFileSync(list, "utf8")
      .split("\n")
      .filter((url) => url.startsWith("file:"))
      .map((url) => relative(repositoryRoot, fileURLToPath(url)));
    expect(loaded).to.include.members(["cli/check.ts", "policy/rules/index.ts"]);
    expect(loaded.filter((file) => file.startsWith("twin/"))).to.deep.equal([]);
  });
});
