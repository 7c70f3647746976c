import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { dropHold, setHold } from "../../catalog/set-hold.ts";

const reason = fc.stringMatching(/^[a-zA-Z0-9"'#:äé\\{}][ -~]{0,40}$/);
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
  it("is one line more, which says the reason", () => {
    fc.assert(
      fc.property(file, reason, (text, why) => {
        const held = setHold(text, why);
        expect(held.startsWith(text)).to.equal(true);
        expect(held.slice(text.length).trimEnd().split(/\r?\n/)).to.have.length(1);
        expect(parse(held)).to.have.property("hold", why);
      }),
    );
  });

  it("that is lifted leaves every byte as it was", () => {
    fc.assert(
      fc.property(file, reason, (text, why) => {
        expect(dropHold(setHold(text, why))).to.equal(text);
        expect(dropHold(text)).to.equal(text);
      }),
    );
  });

  it("gets a new reason in its place", () => {
    fc.assert(
      fc.property(file, reason, reason, (text, first, second) => {
        expect(setHold(setHold(text, first), second)).to.equal(setHold(text, second));
      }),
    );
  });

  it("begins a line of its own where the file has no last line break", () => {
    expect(setHold("port: 1", "x")).to.equal('port: 1\nhold: "x"\n');
  });

  for (const [form, lines] of Object.entries({
    plain: "hold: wait\n",
    quoted: "hold: 'wait' # for what\n",
    "a block": "hold: >-\n  wait\n  for it\n",
    "a block that is kept whole": "hold: |+\n  wait\n",
  })) {
    it(`is lifted as a person wrote it: ${form}`, () => {
      expect(dropHold(`port: 1\n${lines}replicas: 2\n`)).to.equal("port: 1\nreplicas: 2\n");
      expect(dropHold(`port: 1\n${lines}`)).to.equal("port: 1\n");
      expect(dropHold(lines)).to.equal("");
    });
  }

  it("is not lifted from a line that says more", () => {
    expect(() => dropHold("{ port: 1, hold: wait }\n")).to.throw("shares its line");
  });

  for (const bad of ["", " ", "two\nlines", " x", "x".repeat(201)]) {
    it(`refuses the reason ${JSON.stringify(bad.slice(0, 12))}`, () => {
      expect(() => setHold("port: 1\n", bad)).to.throw("is no reason of a hold");
    });
  }
});
