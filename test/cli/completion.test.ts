import { expect } from "chai";
import { execa } from "execa";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../../cli/commands.ts";
import { completionScript, servicesAround } from "../../cli/completion.ts";
import { nextWords } from "../../cli/next-words.ts";
import { programFor } from "../../cli/program.ts";
import { repositoryRoot } from "../../lib/paths.ts";

describe("completion", () => {
  let scratch: string;
  before(() => {
    // A clone with two services. They are found from any folder inside it.
    scratch = mkdtempSync(join(tmpdir(), "idp-completion-"));
    mkdirSync(join(scratch, "inner"));
    for (const environment of ["dev", "prod"]) {
      const folder = join(scratch, "argocd/applications", environment);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, ".gitkeep"), "");
      for (const service of ["clock", "calendar"])
        writeFileSync(join(folder, `${service}.yaml`), "");
    }
    for (const shell of ["bash", "zsh", "fish"] as const)
      writeFileSync(join(scratch, shell), completionScript(shell));
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });

  /** Returns what is offered for the last word of a line; that word is empty when the line ends in a space. */
  const offered = async (line: string) => {
    const words = line.split(" ").slice(1);
    const next = nextWords(await programFor(words), words, () =>
      servicesAround(join(scratch, "inner")),
    );
    return next === "files" ? next : next.map(({ word }) => word);
  };

  it("offers every command and nothing else", async () => {
    expect(await offered("idp ")).to.deep.equal(Object.keys(commands));
    expect(await offered("idp nothing-like-it")).to.deep.equal([]);
    expect(await offered("idp nothing-like-it ")).to.deep.equal([]);
  });

  for (const [line, words] of [
    ["idp sta", ["status"]],
    ["idp twin kube", ["kubeconfig"]],
    ["idp twin kubeconfig ", ["dev", "staging", "prod"]],
    ["idp status --c", ["--cluster", "--context"]],
    ["idp twin logs -", ["-f", "--follow", "-n", "--lines", "-h", "--help"]],
    ["idp diff ", ["calendar", "clock"]],
    ["idp diff clock ", ["dev", "staging", "prod"]],
    ["idp diff clock dev s", ["staging"]],
    ["idp diff clock dev staging ", []],
    ["idp diff --json clock s", ["staging"]],
    ["idp status clock c", ["calendar", "clock"]],
    ["idp check --format s", ["sarif"]],
    ["idp release --commit ", []],
    ["idp release --commit 1234567 cl", ["clock"]],
    ["idp release clock ", []],
    ["idp release clock v1.0.0 --from ", ["prod", "staging"]],
    ["idp board --out ", "files"],
    ["idp status --repository wor", "files"],
    ["idp completion ", ["bash", "zsh", "fish"]],
  ] as const) {
    it(`offers ${words === "files" ? "files" : words.join(", ") || "nothing"} for "${line}"`, async () => {
      expect(await offered(line)).to.deep.equal(words);
    });
  }

  it("knows no services outside a clone", () => {
    expect(servicesAround("/")).to.deep.equal([]);
  });

  it("completes in a bash that a person types into", async function () {
    this.timeout(60_000);
    const file = join(scratch, "rc");
    writeFileSync(
      file,
      `PS1='> '; source '${join(scratch, "bash")}'; idp() { echo "got: $*"; exit; }\n`,
    );
    // script gives bash a terminal. Without one, bash neither edits nor completes lines.
    const { stdout } = await execa(
      "script",
      ["--quiet", "--command", `bash --noprofile --rcfile '${file}' -i`, "/dev/null"],
      { cwd: scratch, input: "idp di\tclo\tst\tpro\t--j\t--prof\t\n", env: { TERM: "dumb" } },
    );
    expect(stdout).to.include("got: diff clock staging prod --json --profile");
  });

  it("completes paths in bash where a file comes next, and only there", async function () {
    this.timeout(60_000);
    const compopt = 'compopt() { echo "$2"; }';
    const script = `source '${join(scratch, "bash")}'; ${compopt}; COMP_CWORD=3; for word in --out --json; do COMP_WORDS=(idp board $word ""); _idp; echo "\${COMPREPLY[*]}"; done`;
    const { stdout } = await execa("bash", ["-c", script], { cwd: scratch });
    expect(stdout.split("\n")).to.deep.equal(["default", "", "calendar clock"]);
  });

  it("describes each word for fish", async () => {
    const main = join(repositoryRoot, "cli/main.ts");
    const ask = (shell: string) =>
      execa(process.execPath, [main, "completion", shell, "--", "twin", "kubeconfig", "s"]);
    expect((await ask("fish")).stdout).to.equal("staging\twhose cluster");
    expect((await ask("zsh")).stdout).to.equal("staging");
  });

  // These shells may not be installed. The test then proves only that they ask the same program.
  for (const shell of ["bash", "zsh", "fish"] as const) {
    it(`asks the clone's own idp in ${shell}`, () => {
      expect(completionScript(shell)).to.include(
        `('${process.execPath}' '${join(repositoryRoot, "cli/main.ts")}' completion ${shell} -- `,
      );
    });
  }
});
