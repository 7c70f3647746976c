import { expect } from "chai";
import { addressWithoutSecrets } from "../../promotion/git.ts";
import {
  ageText,
  lineText,
  runsText,
  shortDigest,
  timeText,
  waitingText,
} from "../../promotion/text.ts";

describe("the board's words", () => {
  for (const [seconds, text] of [
    [null, "?"],
    [0, "0 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [86_399, "23 h"],
    [86_400, "1 d"],
    [100 * 86_400, "100 d"],
  ] as const) {
    it(`call an age of ${seconds ?? "no"} seconds "${text}"`, () => {
      expect(ageText(seconds)).to.equal(text);
    });
  }

  it("name the newest waiting tag, and how many more there are", () => {
    expect(waitingText(null)).to.equal("?");
    expect(waitingText([])).to.equal("-");
    expect(waitingText(["v2.0.0"])).to.equal("v2.0.0");
    expect(waitingText(["v3.0.0", "v2.0.0", "v1.0.0"])).to.equal("v3.0.0 and 2 more");
  });

  it("name every running tag", () => {
    const image = (tag: string) => ({ image: "idp/clock", tag, digest: null });
    const running = { sync: "Synced", health: "Healthy", message: "" };
    expect(runsText(null)).to.equal("?");
    expect(runsText({ ...running, images: [] })).to.equal("-");
    expect(runsText({ ...running, images: [image("v1.0.0"), image("v2.0.0")] })).to.equal(
      "v1.0.0, v2.0.0",
    );
  });

  it("shorten a digest, and a time to the minute in UTC", () => {
    expect(shortDigest(null)).to.equal("?");
    expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).to.equal("sha256:0123456789ab");
    expect(timeText(new Date("2026-01-31T09:05:59+02:00"))).to.equal("2026-01-31 07:05 UTC");
  });

  it("keep untrusted text on one line, without power over the terminal", () => {
    expect(lineText("\u001b[31mred\u001b[0m\nnext\u0007 Zoë")).to.equal(" [31mred [0m next  Zoë");
  });

  for (const [url, shown] of [
    ["https://person:token@git.example/idp.git", "https://git.example/idp.git"],
    ["https://token@github.com/acme/idp", "https://github.com/acme/idp"],
    ["https://github.com/acme/a@b", "https://github.com/acme/a@b"],
    ["git@github.com:acme/idp.git", "git@github.com:acme/idp.git"],
    ["/srv/idp.git", "/srv/idp.git"],
  ] as const) {
    it(`show ${url} as ${shown}`, () => {
      expect(addressWithoutSecrets(url)).to.equal(shown);
    });
  }
});
