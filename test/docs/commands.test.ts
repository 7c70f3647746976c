import { expect } from "chai";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";
import { allCommands, commandsIn, notRun, pages, pagesThere, runCommandsOf } from "./commands.ts";

describe("the commands of README and runbooks", () => {
  const run = pages.flatMap((page) => runCommandsOf(page));

  it("are run exactly as written: none has a placeholder", () => {
    expect(run.filter((command) => /<[a-z]|\.\.\./.test(command))).to.deep.equal([]);
  });

  it("are all run on the twin, or have a reason why not", () => {
    const accountedFor = [...run, ...Object.keys(notRun)];
    expect(
      allCommands.filter((text) => !accountedFor.some((command) => command.startsWith(text))),
    ).to.deep.equal([]);
    expect(run.filter((text) => text in notRun)).to.deep.equal([]);
    expect(run).to.include.members([
      "npx idp check",
      "pulumi up -s staging --yes",
      "kubectl -n argocd get applications",
    ]);
  });

  it("still exist if a reason says why they are not run", () => {
    expect(Object.keys(notRun).filter((text) => !allCommands.includes(text))).to.deep.equal([]);
  });

  it("are run by a test that exists if a reason names one", () => {
    const files = Object.values(notRun).flatMap(
      (reason) => /test\/[\w./-]+\.ts/.exec(reason)?.[0] ?? [],
    );
    expect(files).to.include("test/e2e/shared-twin/12-down.e2e.ts");
    expect(files.filter((file) => !existsSync(join(repositoryRoot, file)))).to.deep.equal([]);
  });

  it("come from pages whose order names each page once", () => {
    expect([...pages].sort()).to.deep.equal(pagesThere().sort());
  });

  it("are found in blocks and in sentences, without their comments", () => {
    const text = [
      "Run `make tea` or `tea`.",
      "   ```sh",
      "   # now",
      "   npx idp check   # all of it",
      "   kubectl get pods \\",
      "     -n argocd",
      "   ```",
      "```text",
      "make no",
      "```",
    ].join("\n");
    expect(commandsIn(text)).to.deep.equal({
      blocks: ["npx idp check", "kubectl get pods -n argocd"],
      sentences: ["make tea"],
    });
  });
});
