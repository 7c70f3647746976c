import { expect } from "chai";
import { Argument, Command, Option } from "commander";
import { execa } from "execa";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionScript } from "../../cli/completion-scripts.ts";
import { commandWords } from "../../cli/completion-words.ts";
import { wholeCommand } from "../../cli/completion.ts";
import { commands } from "../../cli/commands.ts";

describe("completion", () => {
  let scratch: string;
  before(async () => {
    // A clone with two services; the shells look for them from its root, wherever inside they are.
    scratch = mkdtempSync(join(tmpdir(), "idp-completion-"));
    await execa("git", ["init", "--quiet", scratch]);
    mkdirSync(join(scratch, "inner"));
    for (const environment of ["dev", "prod"]) {
      const folder = join(scratch, "argocd/applications", environment);
      mkdirSync(folder, { recursive: true });
      for (const service of ["clock", "calendar"])
        writeFileSync(join(folder, `${service}.yaml`), "");
    }
    const words = commandWords(await wholeCommand());
    writeFileSync(join(scratch, "bash"), completionScript("bash", words));
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });

  /** What bash offers for the last word of a line; an empty one when the line ends in a blank. */
  const offered = async (line: string) => {
    const words = line.split(" ");
    const script = `source ../bash; COMP_WORDS=("$@"); COMP_CWORD=${words.length - 1}; _idp; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa("bash", ["-c", script, "bash", ...words], {
      cwd: join(scratch, "inner"),
    });
    return stdout.split("\n").filter((word) => word !== "");
  };

  it("offers every command, and none that is not there", async () => {
    expect(await offered("idp ")).to.deep.equal(Object.keys(commands));
    expect(await offered("idp nothing-like-it")).to.deep.equal([]);
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
    ["idp completion ", ["bash", "zsh", "fish"]],
  ] as const) {
    it(`offers ${words.join(", ") || "nothing"} for "${line}"`, async () => {
      expect(await offered(line)).to.deep.equal(words);
    });
  }

  it("completes in a bash that a person types into", async function () {
    this.timeout(30_000);
    const file = join(scratch, "rc");
    writeFileSync(
      file,
      `PS1='> '; source '${join(scratch, "bash")}'; idp() { echo "got: $*"; exit; }\n`,
    );
    // script gives bash a terminal; without one it does not edit lines, so completes none.
    const { stdout } = await execa(
      "script",
      ["--quiet", "--command", `bash --noprofile --rcfile '${file}' -i`, "/dev/null"],
      { cwd: scratch, input: "idp di\tclo\tst\tpro\t--j\t\n", env: { TERM: "dumb" } },
    );
    expect(stdout).to.include("got: diff clock staging prod --json");
  });

  it("does without services outside a clone", async () => {
    const script = `source '${join(scratch, "bash")}'; cd /; COMP_WORDS=(idp diff ""); COMP_CWORD=2; _idp; echo "\${#COMPREPLY[@]}"`;
    expect((await execa("bash", ["-c", script])).stdout).to.equal("0");
  });

  it("has for zsh what bash has, and its own words for fish", () => {
    const program = new Command("idp").addCommand(
      new Command("show")
        .description("show it's all")
        .addArgument(new Argument("<what>", "what").choices(["one", "two"]))
        .addOption(new Option("-o, --out <file>", "where to"))
        .addOption(new Option("--as <form>", "how").choices(["text", "json"])),
    );
    const words = commandWords(program);
    expect(completionScript("zsh", words)).to.equal(
      `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${completionScript("bash", words)}`,
    );
    expect(completionScript("fish", words).split("complete -c idp -f\n")[1]).to.equal(
      `complete -c idp -n "__idp_at 'idp' 0" -a 'show' -d 'show it\\'s all'
complete -c idp -n "__idp_at 'idp'" -s h -l help -d 'how to use it'
complete -c idp -n "__idp_at 'idp show'" -s o -l out -r -F -d 'where to'
complete -c idp -n "__idp_at 'idp show'" -l as -x -a 'text json' -d 'how'
complete -c idp -n "__idp_at 'idp show'" -s h -l help -d 'how to use it'
complete -c idp -n "__idp_at 'idp show' 0" -a 'one two'
`,
    );
  });
});
