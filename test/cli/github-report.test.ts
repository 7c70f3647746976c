import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { githubJob, type GithubJob } from "../../cli/github-api.ts";
import { reportBody, reportComment, reportIssue } from "../../cli/github-report.ts";

describe("the text of a report", () => {
  const plan = "Previewing update (dev):\n\nResources:\n    + 2 to create\n    63 unchanged\n";

  it("folds each output away under its summary", () => {
    const body = reportBody("Preview", [{ name: "dev", text: plan }], { runUrl: "https://run" });
    expect(body).to.equal(
      "<!-- idp report: Preview -->\n## Preview\n" +
        "\n<details><summary><b>dev</b>: + 2 to create, 63 unchanged</summary>\n\n" +
        `\`\`\`text\n${plan.trim()}\n\`\`\`\n\n</details>\n` +
        "\n[The run](https://run)\n",
    );
  });

  it("names an error, and reports a missing output", () => {
    const body = reportBody("Preview", [
      { name: "dev", text: "error: no <network>\n\nResources:\n    63 unchanged\n" },
      { name: "prod", text: undefined },
    ]);
    expect(body).to.include("<b>dev</b>: error: no &lt;network></summary>");
    expect(body).to.include("**prod**: no output, see the run.");
  });

  it("cannot be broken by an output's own code fences", () => {
    const body = reportBody("Preview", [{ name: "dev", text: "a\n````\n## free\n````\n" }]);
    expect(body).to.include("\n`````text\na\n````\n## free\n````\n`````\n");
  });

  it("keeps the end of an output that exceeds GitHub's limit", () => {
    const text = `${"x".repeat(200_000)}\nResources:\n    3 changes\n`;
    const body = reportBody(
      "Drift",
      ["dev", "staging", "prod"].map((name) => ({ name, text })),
    );
    expect(body.length).to.be.within(60_000, 65_536);
    expect(body.match(/3 changes\n```/g)).to.have.length(3);
  });
});

describe("a report on GitHub", () => {
  const bot = { type: "Bot" };
  let server: Server;
  let job: GithubJob;
  let pages: object[][];
  let status: number;
  let calls: string[];

  before((done) => {
    server = createServer((request, response) => {
      calls.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const page = Number(/[?&]page=(\d+)/.exec(request.url ?? "")?.[1] ?? 1);
      request.resume().on("end", () => {
        response.statusCode = status;
        response.end(JSON.stringify(request.method === "GET" ? (pages[page - 1] ?? []) : {}));
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      job = { apiUrl: `http://127.0.0.1:${port}`, repository: "acme/idp", token: "secret-token" };
      done();
    });
  });
  after(() => {
    server.close();
  });
  beforeEach(() => {
    [pages, status, calls] = [[], 200, []];
  });

  const marked = (id: number, more: object = {}) => ({
    id,
    body: "<!-- idp report: Preview -->\nold",
    user: bot,
    ...more,
  });

  it("finds its comment on a later page", async () => {
    const others = Array.from({ length: 100 }, (_, id) => ({ id, body: "hello", user: bot }));
    pages = [others, [marked(777)]];
    expect(await reportComment(job, 12, "Preview", "new")).to.equal("updated");
    expect(calls.at(-1)).to.equal("PATCH /repos/acme/idp/issues/comments/777");
  });

  it("leaves a person's comment and another report alone", async () => {
    pages = [
      [
        marked(1, { user: { type: "User" } }),
        { id: 2, body: "<!-- idp report: Preview of cost -->", user: bot },
        { id: 3, body: null, user: null },
      ],
    ];
    expect(await reportComment(job, 12, "Preview", "new")).to.equal("created");
    expect(calls.at(-1)).to.equal("POST /repos/acme/idp/issues/12/comments");
  });

  it("does not mistake a pull request for its issue", async () => {
    pages = [[marked(1, { number: 4, pull_request: {} })]];
    expect(await reportIssue(job, "Preview", "", { resolved: true })).to.equal("nothing to report");
    pages = [[marked(1, { number: 5 })]];
    expect(await reportIssue(job, "Preview", "", { resolved: false })).to.equal("updated");
    expect(await reportIssue(job, "Preview", "", { resolved: true })).to.equal("closed");
    expect(calls.at(-1)).to.equal("PATCH /repos/acme/idp/issues/5");
  });

  it("reports GitHub's refusal and the permission to check, but not the token", async () => {
    status = 403;
    let message = "";
    try {
      await reportComment(job, 12, "Preview", "new");
    } catch (error) {
      message = String(error);
    }
    expect(message).to.include("403 to GET issues/12/comments").and.include("pull-requests: write");
    expect(message).not.to.include("secret-token");
  });

  it("names the variables that a job must have", () => {
    expect(() => githubJob({ GITHUB_TOKEN: "x" })).to.throw(/^GITHUB_REPOSITORY must be set/);
    expect(githubJob({ GITHUB_TOKEN: "x", GITHUB_REPOSITORY: "a/b" }).apiUrl).to.equal(
      "https://api.github.com",
    );
  });
});
