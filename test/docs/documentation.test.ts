import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { commands as commandTable } from "../../cli/commands.ts";
import { programFor } from "../../cli/program.ts";
import { repositoryRoot } from "../../lib/paths.ts";

/** Checks what the pages say about the repository: links, commands, paths. A reader judges whether they say it well. */

interface Page {
  readonly path: string;
  readonly text: string;
}

const read = (path: string) => readFile(join(repositoryRoot, path), "utf8");

async function markdown(): Promise<Page[]> {
  const listing = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const { stdout } = await execa("git", listing, { cwd: repositoryRoot });
  const paths = stdout.split("\n").filter((path) => existsSync(join(repositoryRoot, path)));
  return Promise.all(paths.map(async (path) => ({ path, text: await read(path) })));
}

const fence = /^ *```[^\n]*\n([\s\S]*?)^ *```/gm;

const withoutFences = (text: string) => text.replaceAll(fence, "");

/** Returns what is in code fences, indented blocks and backticks. */
function code(text: string): string[] {
  const rest = withoutFences(text);
  return [
    ...[...text.matchAll(fence)].map(([, block = ""]) => block),
    ...[...rest.matchAll(/^ {4}.*$/gm)].map(([line]) => line),
    ...[...rest.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span),
  ];
}

/** Returns the fragment that GitHub gives a heading. */
function fragment(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

const fragments = (text: string) =>
  [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => fragment(heading));

/** Returns the relative links of a page that lead nowhere. */
async function brokenLinks({ path, text }: Page): Promise<string[]> {
  const targets = [...withoutFences(text).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
  const broken = await Promise.all(
    targets.map(async (target) => {
      const [file = "", id] = target.split("#", 2);
      const linked = join(dirname(path), file);
      if (!existsSync(join(repositoryRoot, linked))) return true;
      if (id === undefined) return false;
      return !fragments(file === "" ? text : await read(linked)).includes(id);
    }),
  );
  return targets.filter((_, index) => broken[index]).map((target) => `${path}: ${target}`);
}

/** Returns, as `page: word`, the words that `pattern` captures in the pages' code and that are not `known`. */
function strangers(pages: readonly Page[], pattern: RegExp, known: readonly string[]): string[] {
  return pages.flatMap(({ path, text }) =>
    code(text)
      .flatMap((block) => [...block.matchAll(pattern)])
      .map(([, word = ""]) => word)
      .filter((word) => !known.includes(word))
      .map((word) => `${path}: ${word}`),
  );
}

const makeTarget = /(?:^|[\s;&|(])make ([a-z][a-z0-9-]*)/gm;
const idpCommand = /\bidp (?:twin )?([a-z]+)/g;

describe("documentation", () => {
  let pages: Page[];
  before(async () => {
    pages = await markdown();
  });

  it("has the pages that a newcomer looks for", () => {
    expect(pages.map(({ path }) => path)).to.include.members([
      "ARCHITECTURE.md",
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "README.md",
      "docs/operations.md",
      "docs/services.md",
      "docs/stacks.md",
    ]);
    expect(existsSync(join(repositoryRoot, "LICENSE"))).to.equal(true);
  });

  it("has relative links that lead to an existing file and heading", async () => {
    const broken = await Promise.all(pages.map(brokenLinks));
    expect(broken.flat()).to.deep.equal([]);
  });

  it("would notice a broken link, file or heading", async () => {
    const text = "[a](no-such-file.md) [b](README.md#no-such-heading) [c](#here)\n\n## Here\n";
    expect(await brokenLinks({ path: "page.md", text })).to.deep.equal([
      "page.md: no-such-file.md",
      "page.md: README.md#no-such-heading",
    ]);
  });

  it("names only targets of make that exist", async () => {
    const targets = [...(await read("Makefile")).matchAll(/^([a-z0-9-]+):/gm)].map(
      ([, name = ""]) => name,
    );
    expect(strangers(pages, makeTarget, targets)).to.deep.equal([]);
    const page = { path: "page.md", text: "`make up`, and `make coffee`" };
    expect(strangers([page], makeTarget, targets)).to.deep.equal(["page.md: coffee"]);
  });

  it("names only commands of idp that exist", async () => {
    const top = await Promise.all(Object.values(commandTable).map(({ load }) => load(programFor)));
    const commands = top.flatMap((command) => [
      command.name(),
      ...command.commands.map((inner) => inner.name()),
    ]);
    expect(commands).to.include.members(["check", "twin", "up"]);
    expect(strangers(pages, idpCommand, commands)).to.deep.equal([]);
  });

  it("shows only paths that exist in the README's tree", async () => {
    const tree = /```text\n([\s\S]*?)```/.exec(await read("README.md"))?.[1] ?? "";
    const paths = tree
      .split("\n")
      .flatMap((line) => (line.split(/ {2,}| the /)[0] ?? "").split(", "))
      .filter((path) => path !== "")
      .map((path) => path.replace("ENV", "dev"));
    expect(paths).to.include.members(["index.ts", "components/", "Pulumi.dev.yaml"]);
    expect(paths.filter((path) => !existsSync(join(repositoryRoot, path)))).to.deep.equal([]);
  });

  it("describes every component in ARCHITECTURE", async () => {
    const folder = join(repositoryRoot, "components");
    const sources = await Promise.all(
      (await readdir(folder)).map((file) => read(`components/${file}`)),
    );
    const classes = sources.flatMap((source) =>
      [...source.matchAll(/^export class (\w+) extends pulumi\.ComponentResource/gm)].map(
        ([, name = ""]) => name,
      ),
    );
    expect(classes).to.include("Network");
    const section = /^### Components\n([\s\S]*?)^## /m.exec(await read("ARCHITECTURE.md"))?.[1];
    const rows = [...(section ?? "").matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(rows).to.have.members(classes);
  });

  it("answers a newcomer's questions by a file, and a function that it exports", async () => {
    const section =
      /^## Where to look\n([^]*?)^## /m.exec(await read("ARCHITECTURE.md"))?.[1] ?? "";
    const rows = section.split("\n").filter((line) => line.includes("?"));
    expect(rows).to.have.length(5);
    const answers = rows.map((row) => /\[(?:`(\w+)` in )?[^\]]*\]\(([^)#]+)/.exec(row));
    for (const [, name, path = ""] of answers.map((answer) => answer ?? [])) {
      const text = await read(path);
      if (name !== undefined)
        expect(text).to.match(new RegExp(`^export .*function ${name}\\(`, "m"));
    }
  });

  it("lists every decision, and keeps the README short", async () => {
    const decisions = pages
      .map(({ path }) => path)
      .filter((path) => /^docs\/decisions\/\d{4}-/.test(path))
      .map((path) => path.split("/").at(-1) ?? "");
    const index = await read("docs/decisions/README.md");
    expect([...index.matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(([, file]) => file)).to.deep.equal(
      decisions,
    );
    expect((await read("README.md")).split("\n").length).to.be.below(150);
  });
});
