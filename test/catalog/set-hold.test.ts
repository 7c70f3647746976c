import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { dropHold, setHold } from "../../catalog/set-hold.ts";

const reason = fc.stringMatching(/^[a-zA-Z0-9"'#:äé\\{}][ -~]{0,40}$/);
const tag = fc.stringMatching(/^sha-[0-9a-f]{7}$/);
const hold = fc.record({ tag, reason });
const word = fc.stringMatching(/^[a-z0-9 .:-]{0,20}$/);

/** A service file as a person might write it, without a hold, each line ending in a line break. */
const file = fc
  .record({ comment: word, newline: fc.constantFrom("\n", "\r\n"), mark: fc.constantFrom("", "﻿") })
  .map(
    ({ comment, newline, mark }) =>
      mark +
      [`# ${comment}`, "image:", "  tag: v1.0.0 # hold: x", "env:", "  hold: kept", ""].join(
        newline,
      ),
  );

describe("a hold", () => {
  it("adds three lines, with the tag and the reason", () => {
    fc.assert(
      fc.property(file, hold, (text, why) => {
        const held = setHold(text, why);
        expect(held.startsWith(text)).to.equal(true);
        expect(held.slice(text.length).trimEnd().split(/\r?\n/)).to.have.length(3);
        expect(parse(held)).to.have.deep.property("hold", why);
      }),
    );
  });

  it("leaves every byte as it was when it is lifted", () => {
    fc.assert(
      fc.property(file, hold, (text, why) => {
        expect(dropHold(setHold(text, why))).to.equal(text);
        expect(dropHold(text)).to.equal(text);
      }),
    );
  });

  it("is replaced by a new one", () => {
    fc.assert(
      fc.property(file, hold, hold, (text, first, second) => {
        expect(setHold(setHold(text, first), second)).to.equal(setHold(text, second));
      }),
    );
  });

  it("begins on a new line where the file has no last line break", () => {
    expect(setHold("port: 1", { tag: "v1.0.0", reason: "x" })).to.equal(
      'port: 1\nhold:\n  tag: v1.0.0\n  reason: "x"\n',
    );
  });

  for (const [form, lines] of Object.entries({
    "a line": "hold: { tag: v1.0.0, reason: wait } # for what\n",
    "a block": "hold:\n  tag: v1.0.0\n  reason: wait\n",
    "a block with text that is kept whole": "hold:\n  tag: v1.0.0\n  reason: |+\n    wait\n",
  })) {
    it(`is lifted as a person wrote it: ${form}`, () => {
      expect(dropHold(`port: 1\n${lines}replicas: 2\n`)).to.equal("port: 1\nreplicas: 2\n");
      expect(dropHold(`port: 1\n${lines}`)).to.equal("port: 1\n");
      expect(dropHold(lines)).to.equal("");
    });
  }

  for (const [form, text, held] of [
    ["on one line", "{ port: 1 }\n", '{ port: 1, "hold": { "tag": "v1.0.0", "reason": "x" } }\n'],
    ["as JSON", '{"port":1}', '{"port":1, "hold": { "tag": "v1.0.0", "reason": "x" }}'],
    [
      "on lines of their own",
      "{\n  port: 1, # p\n}\n",
      '{\n  port: 1, "hold": { "tag": "v1.0.0", "reason": "x" }, # p\n}\n',
    ],
  ] as const) {
    it(`is one more key in braces, and lifted from them: ${form}`, () => {
      expect(setHold(text, { tag: "v1.0.0", reason: "x" })).to.equal(held);
      expect(setHold(held, { tag: "v1.0.0", reason: "x" })).to.equal(held);
      expect(dropHold(held)).to.equal(text);
    });
  }

  it("is lifted from the beginning of braces", () => {
    expect(dropHold("{ hold: { tag: v1.0.0, reason: wait }, port: 1 }\n")).to.equal(
      "{ port: 1 }\n",
    );
  });

  it("is not lifted when it shares its line with something else", () => {
    expect(() => dropHold("? hold\n: { tag: v1.0.0, reason: wait }\n")).to.throw("shares its line");
  });

  it("stands before the end of the document, with the indentation of the keys", () => {
    expect(setHold("---\n  port: 1\n...\n# end\n", { tag: "v1.0.0", reason: "x" })).to.equal(
      '---\n  port: 1\n  hold:\n    tag: v1.0.0\n    reason: "x"\n...\n# end\n',
    );
  });

  it("counts characters, not halves of an emoji", () => {
    const reason = "\u{1F600}".repeat(200);
    expect(parse(setHold("port: 1\n", { tag: "v1.0.0", reason }))).to.have.nested.property(
      "hold.reason",
      reason,
    );
  });

  const unprintable = [
    "\x00",
    "\x07",
    "\x1b",
    "\x7f",
    "\x85",
    "\x9b",
    "\u2028",
    "\u202e",
    "\ufeff",
  ];
  const noText = ["\ufffd", "\ufffe", "\uffff", "\ud800", "\udc00"];
  for (const character of [...unprintable, ...noText]) {
    it(`refuses U+${character.charCodeAt(0).toString(16)} in a reason, and does not print it`, () => {
      expect(() => setHold("port: 1\n", { tag: "v1.0.0", reason: `see${character} log` }))
        .to.throw("is not a valid reason for a hold; it must be one line of printable text")
        .with.property("message")
        .that.matches(/^[\n -~\ufffd]*$/);
    });
  }

  for (const bad of ["", " ", "two\nlines", " x", "x".repeat(201), "\u{1F600}".repeat(201)]) {
    it(`refuses the reason ${JSON.stringify(bad.slice(0, 12))}`, () => {
      expect(() => setHold("port: 1\n", { tag: "v1.0.0", reason: bad })).to.throw(
        "is not a valid reason for a hold",
      );
    });
  }

  it("refuses a tag that is not an image tag", () => {
    expect(() => setHold("port: 1\n", { tag: "latest", reason: "x" })).to.throw(
      '"latest" is not an image tag to hold a service at.',
    );
  });
});
