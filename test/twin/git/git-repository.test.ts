import { expect } from "chai";
import { execa } from "execa";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bringOver, filesAt, uncommitted } from "../../../twin/git/git-repository.ts";
import { cgiEnvironment, cgiHeader, gitServer, isLocalHost } from "../../../twin/git/git-server.ts";

const facts = {
  url: "http://127.0.0.1:4000/idp.git",
  branch: "main",
  accounts: {
    dev: { accountId: "111111111111", region: "us-west-2" },
    staging: { accountId: "222222222222", region: "us-west-2" },
    prod: { accountId: "333333333333", region: "us-west-2" },
  },
};
const path = "argocd/applications/staging/x.yaml";
const service = (tag: string, replicas = 1) =>
  `image:\n  repository: 000000000000.dkr.ecr.us-west-2.amazonaws.com/idp/x\n  tag: ${tag}\n\n# How many.\nreplicas: ${replicas}\n`;

describe("the twin's git repository", () => {
  let scratch = "";
  let clone = "";
  let repository = "";

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), "idp-git-"));
    clone = join(scratch, "clone");
    repository = join(scratch, "twin/idp.git");
    await execa("git", ["init", "--quiet", "--initial-branch=work", clone]);
    await commit(clone, { [path]: service("v1.0.0"), "README.md": "one\n" }, "First");
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  it("starts with the clone's HEAD and one commit with the twin's facts", async () => {
    const { kind, source } = await bringOver(clone, repository, facts);
    expect(kind).to.equal("created");
    expect(await git(repository, "log", "--format=%s", "main")).to.equal(
      "Point the platform at the twin\nFirst",
    );
    expect(await git(repository, "rev-parse", "main~1")).to.equal(source);
    expect(await git(repository, "diff", "--numstat", "main~1", "main")).to.equal(`1\t1\t${path}`);
    expect(await text()).to.include("222222222222.dkr.ecr");
  });

  it("changes nothing if the clone has nothing new", async () => {
    const first = await bringOver(clone, repository, facts);
    expect(await bringOver(clone, repository, facts)).to.deep.equal({ ...first, kind: "current" });
  });

  it("is fast-forwarded to the clone if nobody committed to the twin", async () => {
    await bringOver(clone, repository, facts);
    await commit(clone, { "README.md": "two\n" }, "Second");
    const { kind } = await bringOver(clone, repository, facts);
    expect(kind).to.equal("forwarded");
    expect(await git(repository, "show", "main:README.md")).to.equal("two");
    expect(await text()).to.include("222222222222.dkr.ecr");
  });

  it("keeps the twin's own commits, and its tags if both changed the same line", async () => {
    await bringOver(clone, repository, facts);
    await commitToTwin({ [path]: (await text()).replace("v1.0.0", "v1.2.0") }, "Update images");
    await commit(clone, { [path]: service("v1.1.0", 3), "README.md": "two\n" }, "Second");
    const { kind } = await bringOver(clone, repository, facts);
    expect(kind).to.equal("merged");
    expect(await text()).to.equal(
      service("v1.2.0", 3).replace("000000000000", facts.accounts.staging.accountId),
    );
    expect(await git(repository, "show", "main:README.md")).to.equal("two");
    expect((await bringOver(clone, repository, facts)).kind).to.equal("current");
    expect(await git(repository, "worktree", "list")).not.to.include("idp-merge");
  });

  it("treats an amended commit of the clone as any other change", async () => {
    await bringOver(clone, repository, facts);
    writeFileSync(join(clone, "README.md"), "other\n");
    await git(clone, "commit", "--quiet", "--amend", "-a", "--no-edit");
    expect((await bringOver(clone, repository, facts)).kind).to.equal("forwarded");
    expect(await git(repository, "show", "main:README.md")).to.equal("other");
  });

  it("says how to start anew if the two cannot be merged", async () => {
    await bringOver(clone, repository, facts);
    await commitToTwin({ [path]: service("v1.2.0") }, "Change it");
    await git(clone, "rm", "--quiet", path);
    await git(clone, "commit", "--quiet", "-m", "Remove it");
    const before = await git(repository, "rev-parse", "main");
    const error: unknown = await bringOver(clone, repository, facts).catch((e: unknown) => e);
    expect(String(error)).to.include("Fix: idp twin down, then idp twin up");
    expect(await git(repository, "rev-parse", "main")).to.equal(before);
  });

  it("accepts a shallow clone", async () => {
    await commit(clone, { "README.md": "two\n" }, "Second");
    const shallow = join(scratch, "shallow");
    await execa("git", ["clone", "--quiet", "--depth=1", `file://${clone}`, shallow]);
    expect((await bringOver(shallow, repository, facts)).kind).to.equal("created");
  });

  it("reads files of a revision without changing names and line breaks", async () => {
    await commit(clone, { "argocd/a b.yaml": "ä\n\n", "argocd/empty.yaml": "" }, "More");
    const files = await filesAt(clone, "HEAD", (file) => file.startsWith("argocd/"));
    expect([...files]).to.deep.equal([
      ["argocd/a b.yaml", "ä\n\n"],
      [path, service("v1.0.0")],
      ["argocd/empty.yaml", ""],
    ]);
  });

  it("names uncommitted changes in the folders that Argo CD deploys", async () => {
    writeFileSync(join(clone, path), service("v9.9.9"));
    writeFileSync(join(clone, "README.md"), "other\n");
    writeFileSync(join(clone, "argocd/ä b.yaml"), "");
    expect(await uncommitted(clone)).to.have.members([path, "argocd/ä b.yaml"]);
  });

  it("can be cloned and pushed to over HTTP", async () => {
    await bringOver(clone, repository, facts);
    const server = gitServer(dirname(repository), process.env["PATH"] ?? "");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const copy = join(scratch, "copy");
      await execa("git", ["clone", "--quiet", `http://127.0.0.1:${port}/idp.git`, copy]);
      // Large enough to be sent in chunks.
      await commit(copy, { "big.txt": "0123456789abcdef".repeat(200_000) }, "Big");
      await git(copy, "push", "--quiet", "origin", "main");
      expect(await git(repository, "log", "-1", "--format=%s", "main")).to.equal("Big");
      expect((await fetch(`http://127.0.0.1:${port}/other.git/info/refs`)).status).to.equal(404);
      expect((await fetch(`http://127.0.0.1:${port}/../../etc/passwd`)).status).to.equal(404);
    } finally {
      server.close();
    }
  });

  function text(): Promise<string> {
    return filesAt(repository, "main", (file) => file === path).then(
      (files) => files.get(path) ?? "",
    );
  }

  async function commitToTwin(files: Record<string, string>, message: string): Promise<void> {
    const copy = join(scratch, "twin-copy");
    await execa("git", ["clone", "--quiet", repository, copy]);
    await commit(copy, files, message);
    await git(copy, "push", "--quiet", "origin", "main");
  }
});

describe("git server", () => {
  it("passes a request on as CGI requires", () => {
    const request = {
      method: "POST",
      url: "/idp.git/git-upload-pack?service=x",
      headers: { "content-type": "a/b", "content-encoding": "gzip", "git-protocol": "version=2" },
    };
    expect(cgiEnvironment(request, "/twin/git", "/bin")).to.deep.equal({
      PATH: "/bin",
      GIT_PROJECT_ROOT: "/twin/git",
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: "POST",
      PATH_INFO: "/idp.git/git-upload-pack",
      QUERY_STRING: "service=x",
      CONTENT_TYPE: "a/b",
      HTTP_CONTENT_ENCODING: "gzip",
      GIT_PROTOCOL: "version=2",
    });
  });

  it("reads the answer's header once it is complete", () => {
    expect(cgiHeader(Buffer.from("Status: 404 Not Found\r\nExpires: 0\r\n"))).to.equal(undefined);
    const answer = Buffer.from("Status: 404 Not Found\r\nExpires: 0\r\n\r\nbody");
    expect(cgiHeader(answer)).to.deep.equal({
      status: 404,
      fields: [["Expires", "0"]],
      length: answer.length - "body".length,
    });
  });

  it("answers only to this machine's names", () => {
    expect(
      ["127.0.0.1:80", "localhost", "evil.example:80", undefined].map(isLocalHost),
    ).to.deep.equal([true, true, false, false]);
  });
});

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa(
    "git",
    ["-c", "user.name=t", "-c", "user.email=t@t.invalid", ...args],
    {
      cwd,
    },
  );
  return stdout;
}

async function commit(cwd: string, files: Record<string, string>, message: string): Promise<void> {
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, file)), { recursive: true });
    writeFileSync(join(cwd, file), content);
  }
  await git(cwd, "add", "--all");
  await git(cwd, "commit", "--quiet", "-m", message);
}
