import { expect } from "chai";
import { Command } from "commander";
import { z } from "zod";
import { run } from "../../cli/run.ts";
import { messageOf } from "../../lib/message-of.ts";
import { UsageError } from "../../lib/usage-error.ts";

const Settings = z.object({ aws: z.strictObject({ region: z.string() }) });

describe("run", () => {
  const printed: string[] = [];
  const print = console.error;
  beforeEach(() => {
    printed.length = 0;
    console.error = (line: string) => printed.push(line);
  });
  afterEach(() => {
    console.error = print;
  });

  /** The exit code of a command whose action does `action`. */
  const exitCodeOf = (action: () => unknown) =>
    run(["try"], () =>
      Promise.resolve(
        new Command("idp").addCommand(
          new Command("try").action(async () => {
            await action();
          }),
        ),
      ),
    );

  it("shows a failed parse by key, what was found and what is allowed, and exits with 1", async () => {
    expect(await exitCodeOf(() => Settings.parse({ aws: { region: 1, regoin: "x" } }))).to.equal(1);
    expect(printed).to.deep.equal([
      [
        'error ✖ Unrecognized key: "regoin"',
        "  → at aws",
        "✖ Invalid input: expected string, received number",
        "  → at aws.region",
        "Fix: IDP_DEBUG=1 with the same command shows what was being read",
      ].join("\n"),
    ]);
  });

  it("does so wherever it is thrown: in a promise, as a cause, inside another message", async () => {
    const failed = Settings.safeParse({}).error;
    expect(await exitCodeOf(() => Promise.reject(failed ?? new Error("it parsed")))).to.equal(1);
    expect(
      await exitCodeOf(() => {
        throw new Error(`a.yaml cannot be read: ${messageOf(failed)}`, { cause: failed });
      }),
    ).to.equal(1);
    expect(printed.join("\n")).to.include("a.yaml cannot be read: ✖ Invalid input");
    expect(printed.join("\n")).not.to.match(/[[{]\n? *"/);
  });

  it("exits with 2 for wrong words, and with 1 for any other error", async () => {
    const fails = (error: unknown) =>
      exitCodeOf(() => {
        throw error;
      });
    expect(await fails(new UsageError("--to x: must be y"))).to.equal(2);
    expect(await fails(new Error("no"))).to.equal(1);
    expect(await fails("no")).to.equal(1);
    expect(printed).to.deep.equal(["error --to x: must be y", "error no", "error no"]);
  });

  it("exits with 0 when nothing is thrown", async () => {
    expect(await exitCodeOf(() => undefined)).to.equal(0);
  });
});
