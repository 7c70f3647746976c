import { expect } from "chai";
import { execa } from "execa";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply, setupLines, roleVariableOf } from "../../cli/github.ts";
import { committed } from "../../config/committed.ts";
import { readStackFiles, stackFileIn } from "../../config/stack-files.ts";
import { apiCall, callLine } from "../../github/call.ts";
import type { Setting } from "../../github/setting.ts";
import { withoutIds } from "../../lib/github-address.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { recorded } from "../github/recorded.ts";

const setting = (name: string, state: Setting["state"], calls: Setting["calls"] = []): Setting => ({
  ...{ about: "repository", name, state, found: `${name} found` },
  calls,
});
const [one, two, three] = ["a", "b", "c"].map((path) => apiCall("PUT", path, { it: "is" }));
if (!one || !two || !three) throw new Error("there are three calls");

describe("idp github setup", () => {
  it("shows a script of sh: calls, and everything else in comments", async () => {
    const lines = setupLines("acme/idp", [
      setting("fine", "right"),
      setting("quoted", "wrong", [apiCall("POST", "x", { text: "it's $HOME" })]),
      setting("chosen", "open"),
    ]);
    expect(lines).to.deep.equal([
      "# acme/idp: 1 right, 1 to make, 1 to look at",
      "",
      "# repository: quoted: quoted found",
      `printf %s '{"text":"it'\\''s $HOME"}' | gh api --silent -X POST x --input -`,
      "",
      "# open: repository: chosen: chosen found",
      "",
      "# Nothing was changed. To make it so: the same with --apply",
    ]);
    const { stdout } = await execa("sh", ["-c", `gh() { cat; }\n${lines.join("\n")}`]);
    expect(stdout).to.equal('{"text":"it\'s $HOME"}');
  });

  it("makes what is wrong in order, and goes on after a setting that GitHub refuses", async () => {
    const ran: string[] = [];
    const said: string[] = [];
    const made = await apply(
      [
        setting("refused", "wrong", [one, two]),
        setting("fine", "right"),
        setting("made", "wrong", [three]),
      ],
      (call) => {
        ran.push(callLine(call));
        return call === one
          ? Promise.reject(new Error("gh: Conflict (HTTP 409)"))
          : Promise.resolve();
      },
      (text) => said.push(text),
    );
    expect(ran).to.deep.equal([callLine(one), callLine(three)]);
    expect(made.map(({ name, error }) => [name, error])).to.deep.equal([
      ["refused", "gh: Conflict (HTTP 409)"],
      ["fine", undefined],
      ["made", undefined],
    ]);
    expect(said).to.deep.equal([
      "failed      repository: refused: gh: Conflict (HTTP 409)",
      "made        repository: made",
      "1 failed: docs/workflows.md#what-each-plan-gives says which plan gives what",
    ]);
  });

  it("asks which variable holds an image's role where the repository publishes several", () => {
    const one = { repository: "acme/clock", images: ["idp/clock"] };
    const two = { ...one, images: ["idp/clock", "idp/alarm"] };
    expect(roleVariableOf(undefined, undefined)).to.equal(undefined);
    expect(roleVariableOf(one, undefined)).to.equal(undefined);
    expect(roleVariableOf(two, "ALARM_ROLE")).to.equal("ALARM_ROLE");
    expect(() => roleVariableOf(two, undefined)).to.throw(
      "acme/clock publishes idp/clock and idp/alarm, and the role of each has a variable of its own. Fix: --role-variable IDP_PUBLISH_ROLE for",
    );
    expect(() => roleVariableOf(undefined, "A")).to.throw("Fix: name a service, or leave it out");
  });

  describe("as a command, with a stand-in for gh", () => {
    const main = join(repositoryRoot, "cli/main.ts");
    const name = withoutIds(
      committed(stackFileIn(readStackFiles(repositoryRoot), "prod")).github.repository ?? "",
    );
    let folder = "";
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "idp-github-"));
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    /** Runs the command against recorded answers. Every changing call is written to `calls`. */
    async function setup(fixture: string, ...args: string[]) {
      const answers = JSON.stringify(recorded(fixture))
        .replaceAll("acme/idp", name)
        .replaceAll("acme", name.split("/")[0] ?? "");
      writeFileSync(join(folder, "answers.json"), answers);
      writeFileSync(
        join(folder, "gh"),
        `#!${process.execPath}
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
if (args.includes("-X") || args[0] === "variable") {
  appendFileSync("${folder}/calls", args.join(" ") + "\\n");
} else {
  const answer = JSON.parse(readFileSync("${folder}/answers.json", "utf8"))[args.at(-1)];
  if (answer == null || answer.refused) {
    console.error(answer?.refused ?? "gh: Not Found (HTTP 404)");
    process.exit(1);
  }
  console.log(JSON.stringify(args.includes("--slurp") ? [answer] : answer));
}
`,
        { mode: 0o755 },
      );
      const result = await execa(process.execPath, [main, "github", "setup", ...args], {
        reject: false,
        env: { PATH: `${folder}:/usr/bin:/bin`, IDP_TWIN: "" },
      });
      let calls: string[] = [];
      try {
        calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
      } catch {
        // Nothing was changed.
      }
      const { stdout, stderr, exitCode } = result;
      return { stdout, stderr, exitCode, calls };
    }

    it("changes nothing without --apply", async () => {
      const { stdout, exitCode, calls } = await setup("team");
      expect(exitCode).to.equal(0);
      expect(stdout).to.include("# Nothing was changed.");
      expect(stdout).to.include(
        `gh api --silent -X PUT repos/${name}/actions/permissions/workflow`,
      );
      expect(calls).to.deep.equal([]);
    });

    it("says as JSON what it would call", async () => {
      const { stdout } = await setup("team", "--json");
      const { repository, settings } = JSON.parse(stdout) as {
        repository: string;
        settings: { state: string; calls: string[] }[];
      };
      expect(repository).to.equal(name);
      expect(
        settings.filter(({ state, calls }) => state !== "wrong" && calls.length > 0),
      ).to.deep.equal([]);
      expect(settings.flatMap(({ calls }) => calls).length).to.be.greaterThan(5);
    });

    it("makes the same calls with --apply, and no others", async () => {
      const dry = JSON.parse((await setup("team", "--json")).stdout) as {
        settings: { calls: string[] }[];
      };
      const { exitCode, calls } = await setup("team", "--apply");
      expect(exitCode).to.equal(0);
      const lines = dry.settings.flatMap((one) => one.calls);
      expect(calls).to.deep.equal(
        lines.map((text) => text.replace(/^printf %s '.*' \| /, "").replace(/^gh /, "")),
      );
    });

    it("refuses what is no name of a variable", async () => {
      for (const wrong of ["clock-role", "GITHUB_ROLE", "1_ROLE", "role"]) {
        const { stderr, exitCode } = await setup("team", "time-service", "--role-variable", wrong);
        expect(exitCode, wrong).to.equal(2);
        expect(stderr).to.include("must be the name of a variable in capitals");
      }
    });

    it("says what to do when the service or its publisher is unknown", async () => {
      const { stderr, exitCode } = await setup("team", "nothing");
      expect(exitCode).to.equal(1);
      expect(stderr).to.match(
        /^error there is no service nothing; there is .* Fix: npx idp service new nothing /,
      );
    });
  });
});
