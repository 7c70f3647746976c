import { expect } from "chai";
import { canonicalAddress, githubRepository, withoutIds } from "../../lib/github-address.ts";

describe("canonicalAddress", () => {
  for (const address of [
    "https://git.example/acme/idp",
    "https://git.example/acme/idp/",
    "https://git.example/acme/idp.git",
    "https://person:secret@GIT.example/acme/idp.git",
    "git@git.example:acme/idp.git",
    "ssh://git@git.example/acme/idp.git",
  ]) {
    it(`of ${address} is that over https`, () => {
      expect(canonicalAddress(address)).to.equal("https://git.example/acme/idp");
    });
  }

  it("of a path is the path", () => {
    expect(canonicalAddress("/srv/git/idp.git")).to.equal("/srv/git/idp.git");
  });
});

describe("withoutIds", () => {
  for (const [repository, name] of [
    ["acme@12/idp@34", "acme/idp"],
    ["acme/idp", "acme/idp"],
    ["acme", "acme"],
    // Only a number is an id.
    ["acme@x/idp", "acme@x/idp"],
  ] as const) {
    it(`of ${repository} is ${name}`, () => {
      expect(withoutIds(repository)).to.equal(name);
    });
  }
});

describe("githubRepository", () => {
  const cases: [address: string, repository: string | undefined][] = [
    ["https://github.com/acme/idp", "acme/idp"],
    ["https://x-access-token:secret@github.com/acme/idp.git", "acme/idp"],
    ["git@github.com:acme/my.idp.git", "acme/my.idp"],
    ["ssh://git@github.com/acme/idp", "acme/idp"],
    ["https://github.com/acme", undefined],
    ["https://github.com/acme/idp/tree/main", undefined],
    ["https://git.example/acme/idp", undefined],
    ["https://git.example/github.com/acme/idp", undefined],
    ["git@github.com.example:acme/idp", undefined],
    ["http://127.0.0.1:4000/idp.git", undefined],
    ["", undefined],
  ];
  for (const [address, repository] of cases) {
    it(`of "${address}" is ${repository ?? "none"}`, () => {
      expect(githubRepository(address)).to.equal(repository);
    });
  }
});
