import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page, SerializedAXNode } from "puppeteer-core";
import { z } from "zod";
import { environments } from "../../config/environments.ts";
import { boardPage } from "../../promotion/board-page.ts";
import type { Board, BoardRow } from "../../promotion/board.ts";
import {
  ask,
  contrast,
  faintTexts,
  keepPicture,
  open,
  plainText,
  startBrowser,
  tableRows,
  textsOf,
} from "../support/browser.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const by = (subject: string, author = "Ada") => ({
  commit: "abcdef0123456789abcdef0123456789abcdef01",
  author,
  date: new Date("2026-03-01T10:30:00Z"),
  subject,
});
const running = (tag: string, sync = "Synced", health = "Healthy") => ({
  sync,
  health,
  message: "",
  images: [{ image: "idp/clock", tag, digest: digest("a") }],
});

/** Text that would do harm if a browser read it as markup. */
const hostile = `<script>console.error("ran")</script><img src=x onerror=alert(1)> "quoted" & 'more'`;

const row = (change: Partial<BoardRow>): BoardRow => ({
  service: "clock",
  environment: "dev",
  file: "argocd/applications/dev/clock.yaml",
  image: "idp/clock",
  tag: "sha-0000001",
  digest: digest("a"),
  built: new Date("2026-03-01T09:00:59Z"),
  ageSeconds: 7200,
  waiting: [],
  hold: null,
  tagged: by("Take sha-0000001"),
  changed: by("Take sha-0000001"),
  problem: null,
  cluster: running("sha-0000001"),
  ...change,
});

/** A board with one of everything that it can show. */
const board: Board = {
  at: new Date("2026-03-01T12:30:00Z"),
  repository: {
    url: "https://github.com/acme/idp.git",
    branch: "main",
    commit: "abcdef0123456789abcdef0123456789abcdef01",
  },
  services: [
    row({ service: "alarm", digest: digest("c"), changed: by(hostile, "<b>Eve</b>") }),
    row({ hold: "load test <until> Friday", waiting: ["sha-0000003", "sha-0000002"] }),
    row({
      environment: "staging",
      tag: "v1.0.0",
      waiting: ["v1.1.0"],
      cluster: { ...running("v0.9.0", "OutOfSync", "Degraded"), message: "SyncError: denied" },
    }),
    row({
      environment: "prod",
      tag: "v0.9.0",
      digest: null,
      built: null,
      waiting: null,
      problem: "prod's registry has no idp/clock:v0.9.0",
      cluster: null,
    }),
  ],
  strays: [{ service: "old<er>", environment: "prod", cluster: running("v0.1.0") }],
  problems: ["The registry of prod does not answer: ECONNREFUSED"],
};

/** A text of the page. */
const look = (page: Page, expression: string) => ask(page, z.string(), expression);

/** `role name` of everything in an accessibility tree. */
const namesIn = ({ role, name, children = [] }: SerializedAXNode): string[] => [
  `${role} ${name ?? ""}`,
  ...children.flatMap(namesIn),
];

describe("the board in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let scratch: string;
  const at = (name: string, content: Board) => {
    const file = join(scratch, name);
    writeFileSync(file, boardPage(content));
    return pathToFileURL(file).href;
  };

  before(async () => {
    browser = await startBrowser();
    scratch = mkdtempSync(join(tmpdir(), "idp-board-"));
  });
  after(async () => {
    await browser.close();
    rmSync(scratch, { recursive: true });
  });

  it("has a row for each service and environment, with every cell right", async () => {
    const { page, complaints } = await open(browser, at("board.html", board));
    const [a, c] = [`sha256:${"a".repeat(12)}`, `sha256:${"c".repeat(12)}`];
    const change = "Take sha-0000001 abcdef0 by Ada, 2026-03-01 10:30 UTC";
    expect(await tableRows(page)).to.deep.equal([
      [
        ...["alarm", "dev", "sha-0000001", c, "2026-03-01 09:00 UTC", "2 h", "nothing"],
        ...["sha-0000001", "Synced", "Healthy"],
        `${hostile} abcdef0 by <b>Eve</b>, 2026-03-01 10:30 UTC`,
      ],
      [
        ...["clock", "dev", "sha-0000001 held load test <until> Friday", a],
        ...["2026-03-01 09:00 UTC", "2 h", "sha-0000003 and 1 more sha-0000002"],
        ...["sha-0000001", "Synced", "Healthy", change],
      ],
      [
        ...["staging", "v1.0.0 problem SyncError: denied", `${a} as in dev`],
        ...["2026-03-01 09:00 UTC", "2 h", "v1.1.0", "v0.9.0", "OutOfSync", "Degraded", change],
      ],
      [
        ...["prod", "v0.9.0 problem prod's registry has no idp/clock:v0.9.0", "?", "?", "2 h"],
        ...["?", "?", "?", "?", change],
      ],
    ]);
    expect(await textsOf(page, "li.stray")).to.deep.equal([
      "old<er> in prod: v0.1.0 Synced, Healthy",
    ]);
    expect(await textsOf(page, "li.problem")).to.deep.equal(board.problems);
    expect(complaints).to.deep.equal([]);
  });

  it("has no cluster columns when the clusters were not asked", async () => {
    const services = board.services.map((one) => ({ ...one, cluster: undefined }));
    const { page } = await open(browser, at("alone.html", { ...board, services }));
    expect(await textsOf(page, "thead th")).to.deep.equal([
      ...["Service", "Environment", "Tag", "Digest", "Built", "Age", "Waiting", "Last change"],
    ]);
  });

  it("runs and loads nothing, whatever a commit's message says", async () => {
    const { page, complaints } = await open(browser, at("board.html", board));
    expect(await textsOf(page, "script, img, b")).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
    // If the escaping failed, the page's own policy would still stop it.
    const broken = join(scratch, "broken.html");
    writeFileSync(
      broken,
      boardPage(board).replace("</main>", "<script>console.log('ran')</script></main>"),
    );
    const attacked = await open(browser, pathToFileURL(broken).href);
    expect(attacked.complaints.join()).to.include("Content Security Policy");
    expect(attacked.complaints).to.not.include("log: ran");
  });

  it("gives assistive technology the right headings", async () => {
    const { page } = await open(browser, at("board.html", board));
    expect(await textsOf(page, 'thead th:not([scope="col"])')).to.deep.equal([]);
    expect(await textsOf(page, 'tbody th[scope="rowgroup"]')).to.deep.equal(["alarm", "clock"]);
    expect(await textsOf(page, 'tbody th[scope="row"]')).to.deep.equal([
      ...["dev", "dev", "staging", "prod"],
    ]);
    expect(await ask(page, z.string(), "document.documentElement.lang")).to.equal("en");
    const tree = await page.accessibility.snapshot({ interestingOnly: false });
    const named = tree ? namesIn(tree) : [];
    const caption = "Services by environment, with what their clusters run";
    expect(named).to.include.members([
      "heading What is where",
      "navigation Rows to look at",
      `region ${caption}`,
      `table ${caption}`,
      "columnheader Last change",
      "rowheader staging",
    ]);
  });

  it("can be used by keyboard alone: links, lists that open, and the table's scrolling", async () => {
    const { page } = await open(browser, at("board.html", board), { width: 480 });
    const focused = () =>
      look(page, `document.activeElement.tagName + " " + ${plainText("document.activeElement")}`);
    const stops: string[] = [];
    for (let stop = 0; stop < 5; stop++) {
      await page.keyboard.press("Tab");
      stops.push(await focused());
    }
    expect(stops.slice(0, 4)).to.deep.equal([
      "A abcdef0",
      "SUMMARY 2 with a problem",
      "SUMMARY 1 held",
      "SUMMARY 2 with something waiting",
    ]);
    expect(stops[4]).to.match(/^DIV Services by environment/);
    const region = 'document.querySelector(".scroll")';
    expect(await look(page, `getComputedStyle(${region}).outlineStyle`)).to.equal("solid");
    expect(await ask(page, z.number(), `${region}.scrollLeft`)).to.equal(0);
    for (let press = 0; press < 5; press++) await page.keyboard.press("ArrowRight");
    await page.waitForFunction(`${region}.scrollLeft > 0`);

    await page.focus("nav details:nth-of-type(2) summary");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("A clock in dev");
    await page.keyboard.press("Enter");
    expect(new URL(page.url()).hash).to.equal("#dev-clock");
  });

  it("never scrolls sideways as a whole, not even on a narrow screen", async () => {
    const { page } = await open(browser, at("board.html", board), { width: 360 });
    const root = "document.documentElement";
    const overflow = `${root}.scrollWidth - ${root}.clientWidth`;
    expect(await ask(page, z.number(), overflow)).to.equal(0);
  });

  for (const scheme of ["light", "dark"] as const) {
    it(`can be read in ${scheme}: every text has a contrast of 4.5 or more`, async () => {
      const { page } = await open(browser, at("board.html", board), { scheme });
      await page.evaluate(
        `for (const list of document.querySelectorAll("details")) list.open = true`,
      );
      expect(await faintTexts(page)).to.deep.equal([]);
      expect(await faintTexts(page, 22)).to.not.be.empty;
      const ground = await look(page, "getComputedStyle(document.body).backgroundColor");
      expect(contrast(ground, "rgb(255, 255, 255)") > 4.5).to.equal(scheme === "dark");
      await keepPicture(page, `board-${scheme}.png`);
    });
  }

  it("links to a commit's page on GitHub, and not on other servers", async () => {
    const links = async (url: string) => {
      const repository = { ...board.repository, url };
      const { page } = await open(browser, at("links.html", { ...board, repository }));
      const hrefs = `[...document.querySelectorAll('a[href^="http"]')].map(({ href }) => href)`;
      return [...new Set(await ask(page, z.array(z.string()), hrefs))];
    };
    const expected = [`https://github.com/acme/idp/commit/${board.repository.commit}`];
    for (const url of ["https://github.com/acme/idp", "git@github.com:acme/idp.git"]) {
      expect(await links(url)).to.deep.equal(expected);
    }
    for (const url of ["http://127.0.0.1:1/idp.git", "https://github.com.evil.example/acme/idp"]) {
      expect(await links(url)).to.deep.equal([]);
    }
  });

  it("holds 500 services", async () => {
    const services = Array.from({ length: 500 }, (_, index) =>
      environments.map((environment) => row({ service: `service-${index}`, environment })),
    ).flat();
    const { page, complaints } = await open(browser, at("many.html", { ...board, services }));
    expect(await tableRows(page)).to.have.length(1500);
    expect(complaints).to.deep.equal([]);
  });
});

describe("contrast", () => {
  it("is computed as in WCAG", () => {
    expect(contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)")).to.equal(21);
    expect(contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)")).to.be.closeTo(4.48, 0.005);
    expect(() => contrast("rgba(0, 0, 0, 0.5)", "rgb(0, 0, 0)")).to.throw("not an opaque");
  });
});
