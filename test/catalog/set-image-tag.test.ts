import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { setImageTag } from "../../catalog/set-image-tag.ts";

const hex = fc.stringMatching(/^[0-9a-f]{7}$/);
const tag = fc.oneof(
  hex.map((digits) => `sha-${digits}`),
  fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map(([a, b, c]) => `v${a}.${b}.${c}`),
);
const word = fc.stringMatching(/^[a-z0-9 .:-]{0,20}$/);

/** A service file as a person might write it, with `TAG` where the tag goes. */
const template = fc
  .record({
    comment: word,
    quote: fc.constantFrom("", '"', "'"),
    indent: fc.constantFrom("  ", "    "),
    newline: fc.constantFrom("\n", "\r\n"),
    mark: fc.constantFrom("", "\uFEFF"),
    space: fc.constantFrom(" ", "   "),
    tagFirst: fc.boolean(),
    flow: fc.boolean(),
    above: fc.boolean(),
  })
  .map(({ comment, quote, indent, newline, mark, space, tagFirst, flow, above }) => {
    const value = `tag:${space}${quote}TAG${quote}`;
    const repository = "repository: r/idp/tag";
    const inner = tagFirst ? [value, repository] : [repository, value];
    const image = flow
      ? [`image: { ${inner.join(", ")} } # ${comment}`]
      : ["image:", ...inner.map((line) => `${indent}${line} # ${comment}`)];
    const rest = ["port: 8080", "env:", `${indent}tag: v0.0.0`];
    const lines = above ? [...rest, ...image] : [...image, ...rest];
    return mark + [`# ${comment}`, ...lines, ""].join(newline);
  });

describe("setImageTag", () => {
  it("changes only the tag's characters", () => {
    fc.assert(
      fc.property(template, tag, tag, (text, before, after) => {
        expect(setImageTag(text.replace("TAG", before), after)).to.equal(
          text.replace("TAG", after),
        );
      }),
    );
  });

  it("returns a file that has the tag", () => {
    fc.assert(
      fc.property(template, tag, tag, (text, before, after) => {
        const changed: unknown = parse(setImageTag(text.replace("TAG", before), after));
        expect(changed).to.have.nested.property("image.tag", after);
      }),
    );
  });

  for (const text of [
    "",
    "image:\n",
    "image: v1.0.0\n",
    "image:\n  tag: |\n    v1.0.0\n",
    "tag: v1.0.0\n",
    "a: [\n",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => setImageTag(text, "v1.2.3")).to.throw(
        "The service file has no image.tag to change. Run: idp check",
      );
    });
  }

  for (const bad of ["latest", "v1.2", "", "v1.2.3\nport: 1", "sha-3f2a9c1 # x"]) {
    it(`refuses the tag ${JSON.stringify(bad)}`, () => {
      expect(() => setImageTag("image:\n  tag: v1.0.0\n", bad)).to.throw(
        `"${bad}" is not an image tag; allowed are sha-<7 hex digits> and v<major>.<minor>.<patch>.`,
      );
    });
  }
});
