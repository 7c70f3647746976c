import { expect } from "chai";
import { z } from "zod";
import { readGithub, readGithubPages } from "../../github/read.ts";
import { readRepository } from "../../github/repository.ts";
import type { Answer } from "../../lib/ask.ts";
import { github, notFound, recorded } from "./recorded.ts";

const Named = z.object({ name: z.string() });
const reading = (answer: Answer) =>
  readGithub(() => Promise.resolve(answer), "repos/acme/idp", Named);

describe("reading GitHub through gh", () => {
  it("returns the part of the answer that the schema names", async () => {
    expect(await reading({ kind: "said", text: '{"name":"idp","more":1}' })).to.deep.equal({
      kind: "read",
      value: { name: "idp" },
    });
  });

  it("takes 404 for absent, and nothing else", async () => {
    expect(await reading(notFound)).to.deep.equal({ kind: "absent" });
    for (const message of [
      "gh: Must have admin rights to Repository. (HTTP 403)",
      "gh: Bad credentials (HTTP 401)",
      "To get started with GitHub CLI, please run:  gh auth login",
    ]) {
      expect(await reading({ kind: "refused", message })).to.deep.equal({
        kind: "refused",
        why: message,
      });
    }
    expect(await reading({ kind: "missing" })).to.deep.equal({
      kind: "refused",
      why: "there is no gh to ask",
    });
  });

  it("says which key of an answer is not as documented", async () => {
    const why = async (text: string) => {
      const answer = await reading({ kind: "said", text });
      return answer.kind === "refused" ? answer.why : answer.kind;
    };
    expect(await why('{"name":1}')).to.match(
      /^gh api repos\/acme\/idp answers something else: name: /,
    );
    expect(await why("<html>")).to.match(/ answers something else: it: /);
  });

  it("asks for every page of a list", async () => {
    const calls: string[] = [];
    const pages = await readGithubPages(
      (program, args) => {
        calls.push([program, ...args].join(" "));
        return Promise.resolve({ kind: "said", text: '[{"name":"a"},{"name":"b"}]' });
      },
      "repos/acme/idp/list",
      Named,
    );
    expect(pages).to.deep.equal({ kind: "read", value: [{ name: "a" }, { name: "b" }] });
    expect(calls).to.deep.equal(["gh api --paginate --slurp repos/acme/idp/list"]);
  });

  it("reads a repository with the ids of itself and its owner", async () => {
    expect(await readRepository(github(recorded("public")), "acme/idp")).to.deep.equal({
      kind: "read",
      value: {
        id: 34,
        owner: { id: 12, login: "acme", type: "Organization" },
        visibility: "public",
        default_branch: "main",
        permissions: { admin: true },
      },
    });
  });
});
