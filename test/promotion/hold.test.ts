import { expect } from "chai";
import { readServiceFile } from "../../catalog/service.ts";
import { openLines } from "../../cli/hold.ts";
import { hold, rollback, tagBefore, unhold } from "../../promotion/hold.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { failure, Platform, serviceText } from "../support/platform.ts";

const inDev = { service: "clock", environment: "dev" } as const;
const reason = "the load test runs";
const lines = (tag: string) => `hold:\n  tag: ${tag}\n  reason: "${reason}"\n`;

describe("hold and rollback", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => {
    platform.stop();
  });

  const commits = async () => Number(await platform.inRemote("rev-list", "--count", "main"));
  const deploy = async (tag: string, build: number) => {
    await platform.push("dev", tag, build);
    await platform.commitElsewhere(
      { [serviceFileOf("dev", "clock")]: serviceText("dev", tag) },
      `Deploy clock ${tag}`,
    );
  };

  it("hold adds its lines in one commit, unhold removes them in another", async () => {
    const before = await platform.fileOf("dev");
    const count = await commits();
    const held = await hold(platform.workspace, { ...inDev, reason });
    expect(held).to.deep.include({
      ...inDev,
      before: "sha-0000001",
      tag: "sha-0000001",
      hold: reason,
      branch: null,
    });
    expect(held.commit).to.equal(await platform.inRemote("rev-parse", "main"));
    expect(await platform.fileOf("dev")).to.equal(`${before}${lines("sha-0000001")}`);
    expect(await commits()).to.equal(count + 1);
    expect(await platform.inRemote("log", "-1", "--format=%B", "main")).to.equal(
      `Hold clock in dev\n\n${reason}\n`,
    );

    const lifted = await unhold(platform.workspace, inDev);
    expect(lifted).to.deep.include({ hold: null, branch: null });
    expect(await platform.fileOf("dev")).to.equal(before);
    expect(await commits()).to.equal(count + 2);
    expect(await platform.inRemote("log", "-1", "--format=%B", "main")).to.equal(
      `Let clock go on in dev\n\nIt was held: ${reason}\n`,
    );
  });

  it("repeating a hold, or lifting none, makes no commit", async () => {
    expect((await unhold(platform.workspace, inDev)).commit).to.equal(null);
    await hold(platform.workspace, { ...inDev, reason });
    const state = await platform.state();
    expect((await hold(platform.workspace, { ...inDev, reason })).commit).to.equal(null);
    expect(await platform.state()).to.deep.equal(state);
  });

  it("rollback restores the earlier tag and adds the hold in one commit", async () => {
    await deploy("sha-0000002", 2);
    const count = await commits();
    const back = await rollback(platform.workspace, { ...inDev, reason });
    expect(back).to.deep.include({
      before: "sha-0000002",
      tag: "sha-0000001",
      hold: reason,
      branch: null,
    });
    expect(await platform.fileOf("dev")).to.equal(
      `${serviceText("dev", "sha-0000001")}${lines("sha-0000001")}`,
    );
    expect(await commits()).to.equal(count + 1);
    expect(await platform.inRemote("log", "-1", "--format=%B", "main")).to.equal(
      `Roll clock back to sha-0000001 in dev\n\nsha-0000002 -> sha-0000001\n${reason}\n`,
    );
  });

  it("a second rollback goes further back, not forward to the tag that the first one left", async () => {
    await deploy("sha-0000002", 2);
    await deploy("sha-0000003", 3);
    await rollback(platform.workspace, { ...inDev, reason });
    const back = await rollback(platform.workspace, { ...inDev, reason });
    expect([back.before, back.tag]).to.deep.equal(["sha-0000002", "sha-0000001"]);
  });

  it("a tag that an image update writes after a rollback does not run", async () => {
    await deploy("sha-0000002", 2);
    await rollback(platform.workspace, { ...inDev, reason });
    await platform.push("dev", "sha-0000003", 3);
    await platform.commitElsewhere(
      {
        [serviceFileOf("dev", "clock")]:
          `${serviceText("dev", "sha-0000003")}${lines("sha-0000001")}`,
      },
      "An image update that did not know of the hold yet",
    );
    const again = await hold(platform.workspace, { ...inDev, reason: "still" });
    expect([again.before, again.tag]).to.deep.equal(["sha-0000001", "sha-0000001"]);
    expect((await unhold(platform.workspace, inDev)).tag).to.equal("sha-0000003");
  });

  it("rollback goes to a named tag", async () => {
    await platform.push("dev", "sha-0000009", 9);
    const { tag } = await rollback(platform.workspace, { ...inDev, to: "sha-0000009", reason });
    expect(tag).to.equal("sha-0000009");
  });

  it("keeps what somebody else pushed meanwhile", async () => {
    const held = hold(platform.workspace, { ...inDev, reason });
    await platform.commitElsewhere({ "README.md": "theirs\n" });
    await held;
    expect(await platform.inRemote("show", "main:README.md")).to.equal("theirs");
    expect(await platform.fileOf("dev")).to.include(reason);
  });

  it("in prod pushes a branch and leaves main unchanged", async () => {
    await platform.push("prod", "v0.9.0", 1);
    const main = await platform.inRemote("rev-parse", "main");
    const back = await rollback(platform.workspace, {
      service: "clock",
      environment: "prod",
      to: "v0.9.0",
      reason,
    });
    expect(back).to.deep.include({ tag: "v0.9.0", branch: "rollback/prod/clock" });
    expect(await platform.inRemote("rev-parse", "main")).to.equal(main);
    expect(await platform.fileOf("prod", "rollback/prod/clock")).to.equal(
      `${serviceText("prod", "v0.9.0")}${lines("v0.9.0")}`,
    );
  });

  describe("in staging", () => {
    const inStaging = { service: "clock", environment: "staging", reason } as const;
    const open = async (...names: string[]) => {
      for (const name of names) await platform.inRemote("branch", name, "main");
    };
    const promotion = (version: string) => ({
      branch: `promote/prod/clock-${version}`,
      version,
      close: `git push ${platform.remote} --delete promote/prod/clock-${version}`,
    });

    it("a rollback names the service's open promotions, and the commands that close them", async () => {
      await platform.push("staging", "v1.1.0", 2);
      const file = { [serviceFileOf("staging", "clock")]: serviceText("staging", "v1.1.0") };
      await platform.commitElsewhere(file);
      await open(
        ...["promote/prod/clock-v1.1.0", "promote/prod/clock-v1.10.0"],
        // What prod has, what another service is, what is no release and what is no promotion.
        ...["promote/prod/clock-v1.0.0", "promote/prod/clock-face-v1.1.0", "promote/prod/clocks"],
        ...["promote/prod/clock-latest", "clock-v1.1.0", "rollback/prod/clock"],
      );
      const back = await rollback(platform.workspace, inStaging);
      expect(back.openPromotions).to.deep.equal([promotion("v1.10.0"), promotion("v1.1.0")]);
      expect(openLines(back.openPromotions)[1]).to.equal(
        `Open: promote/prod/clock-v1.1.0 would still bring v1.1.0 to prod. To close it: git push ${platform.remote} --delete promote/prod/clock-v1.1.0`,
      );
      // The command is right.
      await platform.inClone(...promotion("v1.1.0").close.split(" ").slice(1));
      const again = await rollback(platform.workspace, { ...inStaging, to: "v1.0.0" });
      expect([again.commit, again.openPromotions]).to.deep.equal([null, [promotion("v1.10.0")]]);
    });

    it("a hold names the promotions of other versions than the one that it keeps", async () => {
      await platform.push("staging", "v1.1.0", 2);
      const file = { [serviceFileOf("staging", "clock")]: serviceText("staging", "v1.1.0") };
      await platform.commitElsewhere(file);
      await open("promote/prod/clock-v1.1.0", "promote/prod/clock-v1.2.0");
      expect((await hold(platform.workspace, inStaging)).openPromotions).to.deep.equal([
        promotion("v1.2.0"),
      ]);
      expect((await hold(platform.workspace, { ...inDev, reason })).openPromotions).to.deep.equal(
        [],
      );
    });
  });

  const plain = serviceText("dev", "sha-0000001");
  const repository = "111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/clock";
  const forms: Readonly<Record<string, string>> = {
    "in braces": `{image: {repository: ${repository}, tag: sha-0000001}, port: 8080, resources: small, replicas: 2}\n`,
    "as JSON": `${JSON.stringify({ image: { repository, tag: "sha-0000001" }, port: 8080, resources: "small", replicas: 2 })}\n`,
    "that ends with ...": `---\n${plain}...\n`,
    "with an indented root": plain.replace(/^(?=.)/gm, "  "),
    "with CRLF and a byte order mark": `\uFEFF${plain.replaceAll("\n", "\r\n")}`,
    "without a last line break": plain.trimEnd(),
  };
  for (const [form, text] of Object.entries(forms)) {
    it(`a hold is in force, and lifted again, in a file ${form}`, async () => {
      await platform.commitElsewhere({ [serviceFileOf("dev", "clock")]: text });
      const held = await hold(platform.workspace, { ...inDev, reason });
      expect(held).to.deep.include({ before: "sha-0000001", tag: "sha-0000001", hold: reason });
      // An image update that does not know of it yet.
      const now = await platform.fileOf("dev");
      const update = now.replace("sha-0000001", "sha-0000002");
      expect(readServiceFile(update)).to.deep.include({
        tag: "sha-0000001",
        hold: { tag: "sha-0000001", reason },
      });
      const lifted = await unhold(platform.workspace, inDev);
      expect(lifted).to.deep.include({ tag: "sha-0000001", hold: null });
      expect((await platform.fileOf("dev")).trimEnd()).to.equal(text.trimEnd());
    });
  }

  describe("with a file that is not valid", () => {
    const file = serviceFileOf("dev", "clock");
    const good = serviceText("dev", "sha-0000001");
    const breakIt = async () => {
      await platform.commitElsewhere({ [file]: `${good}replica: 3\n` }, "Raise replicas");
      const broken = (await platform.inRemote("rev-parse", "main")).slice(0, 7);
      await platform.commitElsewhere({ [file]: `${good}replica: 4\n` }, "Raise again");
      return broken;
    };

    for (const [name, command] of [
      ["hold", hold],
      ["unhold", unhold],
    ] as const) {
      it(`${name} names the line, the commit that broke it, and the way back`, async () => {
        const broken = await breakIt();
        const state = await platform.state();
        expect(await failure(command(platform.workspace, { ...inDev, reason }))).to.equal(
          `${file} is not valid since ${broken} (Test Person: Raise replicas):\n${file}:9:1 error unknown-key: replica: found an unknown key; may be image, port, resources, replicas, health, ingress, env, hold\n    Fix: write replicas\nNothing was changed. Fix: correct it on the branch, or bring back the text before: idp rollback clock dev`,
        );
        expect(await platform.state()).to.deep.equal(state);
      });
    }

    it("rollback brings back the last valid text, held at its tag", async () => {
      await breakIt();
      const back = await rollback(platform.workspace, { ...inDev, reason });
      expect(back).to.deep.include({ tag: "sha-0000001", hold: reason, branch: null });
      expect(await platform.fileOf("dev")).to.equal(`${good}${lines("sha-0000001")}`);
      expect(await platform.inRemote("log", "-1", "--format=%B", "main")).to.match(
        /^Roll clock back to sha-0000001 in dev\n\nIts text of \w{7} is back: what came after is not valid\.\nthe load test runs\n$/,
      );
    });

    it("rollback --to brings back the last valid text with another tag", async () => {
      await breakIt();
      await platform.push("dev", "sha-0000009", 9);
      await rollback(platform.workspace, { ...inDev, to: "sha-0000009", reason });
      expect(await platform.fileOf("dev")).to.equal(
        `${serviceText("dev", "sha-0000009")}${lines("sha-0000009")}`,
      );
    });

    it("that never was valid, rollback refuses like the others", async () => {
      await platform.commitElsewhere({ [serviceFileOf("dev", "bell")]: "a: [" }, "Add bell");
      const said = await failure(
        rollback(platform.workspace, { ...inDev, service: "bell", reason }),
      );
      expect(said)
        .to.include("dev/bell.yaml is not valid since ")
        .and.include("(Test Person: Add bell)");
      expect(said).to.match(/Nothing was changed\. Fix: correct it on the branch$/);
    });

    it("bytes that are not UTF-8 are named, and never written back", async () => {
      const text = `# Caf\xe9\n${good}`;
      await platform.commitElsewhere({ [file]: Buffer.from(text, "latin1") });
      const state = await platform.state();
      expect(await failure(hold(platform.workspace, { ...inDev, reason }))).to.include(
        `${file}:1:6 error yaml: found bytes that are not UTF-8, or U+FFFD in their place; must be text in UTF-8`,
      );
      expect(await platform.state()).to.deep.equal(state);
    });

    it("the bytes of another service's file change nothing", async () => {
      const bytes = Buffer.from(`# Gr\xfc\xdfe\n${good}`, "latin1");
      await platform.commitElsewhere({ [serviceFileOf("dev", "aaa")]: bytes });
      const long = good.replace("replicas: 2", "replicas: 12");
      await platform.commitElsewhere({ [file]: long });
      await hold(platform.workspace, { ...inDev, reason });
      expect(await platform.fileOf("dev")).to.equal(`${long}${lines("sha-0000001")}`);
    });
  });

  describe("refuses, and leaves registries and git as they were:", () => {
    const refused = async (work: () => Promise<unknown>, ...words: string[]) => {
      const state = await platform.state();
      const said = await failure(work());
      for (const word of words) expect(said).to.include(word);
      expect(await platform.state()).to.deep.equal(state);
    };

    it("a service that does not exist", () =>
      refused(
        () => hold(platform.workspace, { ...inDev, service: "clok", reason }),
        'dev has no service "clok"; did you mean clock?',
      ));

    it("a service that does not exist and is like no other", () =>
      refused(
        () => hold(platform.workspace, { ...inDev, service: "payments", reason }),
        'dev has no service "payments". There are: clock.\n',
      ));

    it("a reason of two lines", () =>
      refused(
        () => hold(platform.workspace, { ...inDev, reason: "a\nb" }),
        "is not a valid reason for a hold",
        'Nothing was changed. Fix: --reason "<text>"',
      ));

    it("a rollback of a service that had no other tag", () =>
      refused(
        () => rollback(platform.workspace, { ...inDev, reason }),
        "clock has had no other tag in dev than sha-0000001",
        "--to <tag>",
      ));

    it("a tag that the registry does not have", () =>
      refused(
        () => rollback(platform.workspace, { ...inDev, to: "sha-fffffff", reason }),
        "dev's registry (http://127.0.0.1:",
        "has no idp/clock:sha-fffffff",
      ));

    for (const to of ["v1.0.0", "latest"]) {
      it(`the tag ${to} in dev`, () =>
        refused(
          () => rollback(platform.workspace, { ...inDev, to, reason }),
          `"${to}" cannot run in dev`,
          "sha-<7 hex digits>",
        ));
    }

    it("a branch that already exists", async () => {
      const inProd = { service: "clock", environment: "prod", reason } as const;
      await hold(platform.workspace, inProd);
      await refused(
        () => hold(platform.workspace, { ...inProd, reason: "another" }),
        "The branch hold/prod/clock already exists",
        "--delete hold/prod/clock",
      );
    });

    it("a clone with uncommitted changes", async () => {
      platform.edit({ [serviceFileOf("dev", "clock")]: serviceText("dev", "sha-0000009") });
      await refused(() => hold(platform.workspace, { ...inDev, reason }), "uncommitted changes");
    });

    it("when the registry is down", async () => {
      platform.registries.dev.stop();
      await refused(
        () => rollback(platform.workspace, { ...inDev, to: "sha-0000009", reason }),
        "The registry of dev",
        "does not answer",
      );
    });
  });
});

describe("tagBefore", () => {
  const history = (...tags: string[]) =>
    tags.map((tag) => ({
      commit: "",
      author: "",
      date: new Date(0),
      subject: "",
      text: tag === "" ? undefined : serviceText("dev", tag),
    }));
  const [a, b, c] = ["sha-000000a", "sha-000000b", "sha-000000c"];

  for (const [what, tags, current, before] of [
    ["the one before", [b, a], b, a],
    ["none of a new service", [a], a, undefined],
    ["none of an unknown tag", [b, a], c, undefined],
    ["the last different one", [b, b, a, a], b, a],
    ["the one before the first time it ran", [b, c, b, a], b, a],
    ["none where the first is back", [a, b, a], a, undefined],
    ["over a time without the file", [b, "", a], b, a],
  ] as const) {
    it(`is ${what}`, () => {
      expect(tagBefore(history(...tags), current)).to.equal(before);
    });
  }
});
