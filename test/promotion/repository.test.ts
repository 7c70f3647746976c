import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { hold } from "../../promotion/hold.ts";
import { Repository } from "../../promotion/repository.ts";
import { failure, identity, Platform } from "../support/platform.ts";

const inProd = { service: "clock", environment: "prod", reason: "wait" } as const;

describe("a change by pull request", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => {
    platform.stop();
  });

  for (const branch of ["hold", "hold/prod", "hold/prod/clock/x"]) {
    it(`names the branch ${branch}, which is in the way, and the command that deletes it`, async () => {
      await platform.inRemote("branch", branch, "main");
      const state = await platform.state();
      expect(await failure(hold(platform.workspace, inProd))).to.equal(
        `The branch ${branch} is in the way: git cannot keep hold/prod/clock beside it.\nNothing was changed. Fix: merge it, or delete it: git push origin --delete ${branch}`,
      );
      expect(await platform.state()).to.deep.equal(state);
      await platform.inClone("push", "--quiet", "origin", "--delete", branch);
      expect((await hold(platform.workspace, inProd)).branch).to.equal("hold/prod/clock");
    });
  }

  it("is not hindered by branches of like names", async () => {
    for (const name of ["hold-it", "hold/production", "hold/prod/clocks"]) {
      await platform.inRemote("branch", name, "main");
    }
    expect((await hold(platform.workspace, inProd)).branch).to.equal("hold/prod/clock");
  });

  /** Workspaces of several runs at once: through one clone, or each through its own. */
  const runs = (count: number, clones: (run: number) => string) =>
    Promise.all(
      Array.from({ length: count }, async (_, run) => {
        // Each makes another commit of the same change.
        const own = { ...identity, GIT_COMMITTER_DATE: `2030-01-01T00:00:0${run}Z` };
        const repository = await Repository.open(clones(run), { identity: own });
        return { ...platform.workspace, repository };
      }),
    );
  for (const [through, clones] of [
    ["one clone", () => platform.clone],
    ["a clone each", (run: number) => join(platform.scratch, `clone-${run}`)],
  ] as const) {
    it(`is one branch and one clear answer for each of six runs at once through ${through}`, async function () {
      this.timeout(60_000);
      if (through === "a clone each") {
        for (let run = 0; run < 6; run++) {
          await platform.inRemote("clone", "--quiet", platform.remote, clones(run));
        }
      }
      const made = await Promise.all(
        (await runs(6, clones)).map((workspace) => hold(workspace, inProd)),
      );
      const commit = await platform.inRemote("rev-parse", "hold/prod/clock");
      expect(made.map((one) => [one.branch, one.commit])).to.deep.equal(
        Array.from({ length: 6 }, () => ["hold/prod/clock", commit]),
      );
    });
  }

  it("that loses every race says so in words, not in git's", async () => {
    const hooks = join(platform.remote, "hooks");
    mkdirSync(hooks, { recursive: true });
    writeFileSync(
      join(hooks, "pre-receive"),
      "#!/bin/sh\necho 'cannot lock ref: reference already exists' >&2\nexit 1\n",
    );
    chmodSync(join(hooks, "pre-receive"), 0o755);
    expect(await failure(hold(platform.workspace, inProd))).to.equal(
      `The push of hold/prod/clock to ${platform.remote} was refused 8 times: somebody else pushed first each time.\nNothing was changed. Fix: run the command again`,
    );
    const inDev = { ...inProd, environment: "dev" } as const;
    expect(await failure(hold(platform.workspace, inDev))).to.equal(
      `The push of main to ${platform.remote} was refused 8 times: somebody else pushed first each time.\nNothing was changed. Fix: run the command again`,
    );
  }).timeout(60_000);

  describe("while somebody else pushes the same branch", () => {
    /** The other push comes between this command's look at the branches and its push. */
    const otherPushes = (commit: string) => {
      const hooks = join(platform.remote, "hooks");
      mkdirSync(hooks, { recursive: true });
      const update = `env -u GIT_QUARANTINE_PATH git update-ref refs/heads/hold/prod/clock ${commit}`;
      writeFileSync(join(hooks, "pre-receive"), `#!/bin/sh\n${update}\n`);
      chmodSync(join(hooks, "pre-receive"), 0o755);
    };

    it("takes the same change as there already", async () => {
      const { commit } = await hold(platform.workspace, inProd);
      await platform.inRemote("branch", "-D", "hold/prod/clock");
      // Made a second later, the same change is another commit.
      const later = { ...identity, GIT_COMMITTER_DATE: "2030-01-01T00:00:00Z" };
      const repository = await Repository.open(platform.clone, { identity: later });
      otherPushes(commit ?? "");
      const made = await hold({ ...platform.workspace, repository }, inProd);
      expect([made.commit, made.branch]).to.deep.equal([commit, "hold/prod/clock"]);
    });

    it("says of another change that the branch exists", async () => {
      otherPushes(await platform.inRemote("rev-parse", "main"));
      expect(await failure(hold(platform.workspace, inProd))).to.equal(
        "The branch hold/prod/clock already exists.\nNothing was changed. Fix: merge it, or delete it: git push origin --delete hold/prod/clock",
      );
    });
  });
});

describe("a git server that says nothing", () => {
  it("is named while it is waited for, and given up", async () => {
    const platform = await Platform.start();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const url = `http://someone:secret@127.0.0.1:${port}/idp.git`;
      await platform.inClone("remote", "set-url", "origin", url);
      const waits: string[] = [];
      const repository = await Repository.open(platform.clone, {
        identity: { ...identity, GIT_HTTP_LOW_SPEED_TIME: "4" },
        onWait: (at) => waits.push(at),
      });
      const said = await failure(repository.fetch());
      expect(said).to.include("Could not fetch main from ").and.include("Operation too slow");
      expect(said).to.include("Nothing was changed. Fix: see that the address answers");
      expect(waits).to.deep.equal([`http://127.0.0.1:${port}/idp.git`]);
    } finally {
      server.close();
      platform.stop();
    }
  });
});
