import { expect } from "chai";
import { applicationsBy, syncCommand } from "../../cli/sync.ts";
import { failure, Platform } from "../support/platform.ts";

describe("idp sync", () => {
  let platform: Platform;
  before(async () => {
    platform = await Platform.start();
  });
  after(() => {
    platform.stop();
  });
  const sync = (...words: readonly string[]) =>
    failure(
      syncCommand()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined })
        .parseAsync([...words, "--repository", platform.clone], { from: "user" }),
    );

  it("refuses a version that the deployed branch does not have, before it asks a cluster", async () => {
    const commit = (await platform.inRemote("rev-parse", "main")).slice(0, 7);
    expect(await sync("clock", "--expect", "v1.2.3")).to.equal(
      `clock in prod is v1.0.0 on main (${commit}), and v1.2.3 was expected. Nothing was changed. Fix: merge the promotion first, or name v1.0.0`,
    );
  });

  it("refuses a service that prod does not have, an environment and a time that there are not", async () => {
    expect(await sync("clok")).to.include('prod has no service "clok"; did you mean clock?');
    expect(await sync("clock", "live")).to.include("Allowed choices are dev, staging, prod");
    for (const wrong of ["0", "-1", "1.5", "soon"]) {
      expect(await sync("clock", `--timeout=${wrong}`)).to.include("a whole number of seconds");
    }
  });

  it("needs no more of the cluster than to get and to patch one Application", async () => {
    const calls: string[] = [];
    const answers = ['{"metadata":{"name":"clock"},"spec":{}}', "", "patched"];
    const applications = applicationsBy((args) => {
      calls.push(args.join(" "));
      return Promise.resolve(answers[calls.length - 1] ?? "");
    });
    expect(await applications.read("clock")).to.deep.equal({
      metadata: { name: "clock" },
      spec: {},
    });
    expect(await applications.read("gone")).to.equal(undefined);
    await applications.patch("clock", { operation: {} });
    const kind = "applications.argoproj.io";
    expect(calls).to.deep.equal([
      `get ${kind} clock --ignore-not-found --output json`,
      `get ${kind} gone --ignore-not-found --output json`,
      `patch ${kind} clock --type merge --patch {"operation":{}}`,
    ]);
  });
});
