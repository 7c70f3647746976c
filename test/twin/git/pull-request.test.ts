import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { mergeInto } from "../../../twin/git/pull-request.ts";
import { serviceFileOf } from "../../../promotion/services.ts";
import { failure, Platform, serviceText } from "../../support/platform.ts";

describe("merging a branch in the twin", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
    await platform.inClone("checkout", "--quiet", "-b", "change");
    platform.edit({ "change.txt": "theirs\n" });
    await platform.inClone("add", ".");
    await platform.inClone("commit", "--quiet", "-m", "Change");
    await platform.inClone("push", "--quiet", "origin", "change");
  });
  afterEach(() => {
    platform.stop();
  });

  const branches = async () =>
    (await platform.inRemote("for-each-ref", "--format=%(refname:short)")).split("\n");
  const onReceive = (script: string) => {
    const hooks = join(platform.remote, "hooks");
    mkdirSync(hooks, { recursive: true });
    writeFileSync(join(hooks, "pre-receive"), `#!/bin/sh\n${script}`);
    chmodSync(join(hooks, "pre-receive"), 0o755);
  };

  it("makes a merge commit and deletes the branch", async () => {
    const commit = await mergeInto(platform.remote, "change");
    expect(await platform.inRemote("rev-parse", "main")).to.equal(commit);
    expect(await platform.inRemote("show", "main:change.txt")).to.equal("theirs");
    expect(await branches()).to.deep.equal(["main"]);
  });

  it("is made again when somebody else pushes meanwhile", async () => {
    const other = await platform.inRemote(
      "commit-tree",
      "main^{tree}",
      "-p",
      "main",
      "-m",
      "Other",
    );
    // In the midst of the first push main moves, as when Image Updater commits.
    onReceive(
      `[ -e moved ] || { touch moved; env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main ${other}; }\n`,
    );
    await mergeInto(platform.remote, "change");
    expect(await platform.inRemote("log", "-2", "--format=%s", "--first-parent", "main")).to.equal(
      "Merge change\nOther",
    );
    expect(await branches()).to.deep.equal(["main"]);
  });

  it("that is refused leaves the branch and main as they were", async () => {
    const before = await platform.state();
    // Refuses main alone: a push that is not atomic would delete the branch all the same.
    const hook = join(platform.remote, "hooks/update");
    mkdirSync(join(platform.remote, "hooks"), { recursive: true });
    writeFileSync(hook, '#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo closed; exit 1; }\n');
    chmodSync(hook, 0o755);
    const said = await failure(mergeInto(platform.remote, "change"));
    expect(said).to.include("change was not merged: the push was refused:\n");
    expect(said).to.match(/\nNothing was changed\. Fix: run the command again$/);
    expect(await platform.state()).to.deep.equal(before);
  });

  it("that conflicts names the files", async () => {
    await platform.commitElsewhere({ "change.txt": "ours\n" });
    const before = await platform.state();
    const said = await failure(mergeInto(platform.remote, "change"));
    expect(said).to.equal(
      `change was not merged: conflict in change.txt\nNothing was changed. Fix: delete it (git push ${platform.remote} --delete change) and make it anew`,
    );
    expect(await platform.state()).to.deep.equal(before);
  });

  it("that conflicts over a version names both, and leaves all as it was", async () => {
    const path = serviceFileOf("prod", "clock");
    const branches = ["v1.1.0", "v1.2.0"];
    for (const tag of branches) {
      await platform.inClone("checkout", "--quiet", "-b", tag, "main");
      platform.edit({ [path]: serviceText("prod", tag) });
      await platform.inClone("commit", "--quiet", "-a", "-m", tag);
      await platform.inClone("push", "--quiet", "origin", tag);
    }
    await mergeInto(platform.remote, "v1.2.0");
    const before = await platform.state();
    expect(await failure(mergeInto(platform.remote, "v1.1.0"))).to.equal(
      `v1.1.0 was not merged: conflict in ${path}: main has v1.2.0, the branch has v1.1.0\nNothing was changed. Fix: delete it (git push ${platform.remote} --delete v1.1.0) and make it anew`,
    );
    expect(await platform.state()).to.deep.equal(before);
  });

  it("that loses every race says so in words, not in git's", async () => {
    onReceive("echo 'cannot lock ref: reference already exists' >&2\nexit 1\n");
    expect(await failure(mergeInto(platform.remote, "change"))).to.equal(
      "change was not merged: somebody else pushed to main first, 8 times\nNothing was changed. Fix: run the command again",
    );
  }).timeout(60_000);

  it("that does not exist is named with the command that lists those that do", async () => {
    expect(await failure(mergeInto(platform.remote, "none"))).to.equal(
      `none was not merged: there is no such branch\nNothing was changed. Fix: name one of its branches: git ls-remote --heads ${platform.remote}`,
    );
  });
});
