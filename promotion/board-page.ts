import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { githubRepository } from "../lib/github-address.ts";
import { html, Html } from "./html.ts";
import type { Author } from "./history.ts";
import type { Board, BoardCluster, BoardRow, Stray } from "./board.ts";
import { ageText, runsText, shortDigest, timeText } from "./text.ts";

const style = readFileSync(new URL("board.css", import.meta.url), "utf8");

/** Lets the page use its own style and nothing else. A hostile commit message can neither load nor run anything. */
const policy = [
  "default-src 'none'",
  "img-src data:",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * Returns the board as one HTML page without scripts or other files. It is light or dark as the reader's system is, and
 * says in words whatever it shows by colour.
 */
export function boardPage(board: Board): string {
  const { at, repository, services, strays = [], problems } = board;
  const asksClusters = services.some(({ cluster }) => cluster !== undefined);
  const commitPage = commitPages(repository.url);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>What is where</title>
        <link rel="icon" href="data:," />
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <header>
          <h1>What is where</h1>
          <p>
            ${repository.branch} of ${repository.url} at
            ${commitLink(repository.commit, commitPage)}, read ${time(at)}.
          </p>
        </header>
        <main>
          ${
            problems.length > 0
              ? html`<section aria-labelledby="unread">
                  <h2 id="unread">Problems of a whole environment</h2>
                  <ul>
                    ${problems.map((problem) => html`<li class="problem">${problem}</li>`)}
                  </ul>
                </section>`
              : null
          }
          ${attention(services)} ${strays.length === 0 ? null : straySection(strays)}
          <div class="scroll" role="region" aria-labelledby="caption" tabindex="0">
            <table>
              <caption id="caption">
                Services by environment${asksClusters ? ", with what their clusters run" : ""}
              </caption>
              <thead>
                <tr>
                  ${headings(asksClusters).map((heading) => html`<th scope="col">${heading}</th>`)}
                </tr>
              </thead>
              ${[...Map.groupBy(services, ({ service }) => service).values()].map((rows) => serviceRows(rows, asksClusters, commitPage))}
            </table>
          </div>
        </main>
      </body>
    </html> `;
  return page.text;
}

function headings(asksClusters: boolean): string[] {
  return [
    ...["Service", "Environment", "Tag", "Digest", "Built", "Age", "Waiting"],
    ...(asksClusters ? ["Runs", "Sync", "Health"] : []),
    "Last change",
  ];
}

/** Links to the rows that a reader may want to see first. */
function attention(services: readonly BoardRow[]): Html {
  const groups = [
    ["with a problem", services.filter(hasProblem)],
    ["held", services.filter(({ hold }) => hold !== null)],
    ["with something waiting", services.filter(({ waiting }) => (waiting ?? []).length > 0)],
  ] as const;
  return html`<nav aria-label="Rows to look at">
    ${groups.map(([what, rows]) =>
      rows.length === 0
        ? html`<p class="quiet">None ${what}</p>`
        : html`<details>
            <summary>${rows.length} ${what}</summary>
            <ul>
              ${rows.map(
                (row) =>
                  html`<li><a href="#${rowId(row)}">${row.service} in ${row.environment}</a></li>`,
              )}
            </ul>
          </details>`,
    )}
  </nav>`;
}

function straySection(strays: readonly Stray[]): Html {
  return html`<section aria-labelledby="strays">
    <h2 id="strays">Running without a file</h2>
    <ul>
      ${strays.map(
        ({ service, environment, cluster }) =>
          html`<li class="stray">
            ${service} in ${environment}: <code>${runsText(cluster)}</code> ${cluster.sync},
            ${cluster.health}${
              cluster.message === ""
                ? null
                : html` <span class="mark bad">problem</span> ${cluster.message}`
            }
          </li>`,
      )}
    </ul>
  </section>`;
}

function hasProblem({ problem, cluster }: BoardRow): boolean {
  return problem !== null || (cluster?.message ?? "") !== "";
}

function rowId({ service, environment }: BoardRow): string {
  return `${environment}-${service}`;
}

function serviceRows(
  rows: readonly BoardRow[],
  asksClusters: boolean,
  commitPage: CommitPage,
): Html {
  const [first] = rows;
  const name = html`<th scope="rowgroup" rowspan="${rows.length}">${first?.service ?? ""}</th>`;
  return html`<tbody>
    ${rows.map(
      (row) => html`
        <tr id="${rowId(row)}">
          ${row === first ? name : null}
          <th scope="row">${row.environment}</th>
          <td class="tag">${tagCell(row)}</td>
          <td class="whole">${digestCell(row, rows)}</td>
          <td class="whole">${row.built === null ? "?" : time(row.built)}</td>
          <td class="whole">${ageText(row.ageSeconds)}</td>
          <td>${waitingCell(row.waiting)}</td>
          ${asksClusters ? clusterCells(row.cluster ?? null, row) : null}
          <td class="change">${changeCell(row.changed, commitPage)}</td>
        </tr>
      `,
    )}
  </tbody> `;
}

function tagCell({ tag, hold, problem, cluster }: BoardRow): Html {
  const problems = [problem ?? "", cluster?.message ?? ""].filter((text) => text !== "");
  return html`<code>${tag ?? "?"}</code>${
      hold === null ? null : html` <br /><span class="mark held">held</span> ${hold}`
    }${problems.map((text) => html` <br /><span class="mark bad">problem</span> ${text}`)}`;
}

/** Also names the first earlier environment with the same image. */
function digestCell({ environment, digest }: BoardRow, rows: readonly BoardRow[]): Html {
  if (digest === null) return html`?`;
  const first = rows.find((row) => row.digest === digest)?.environment ?? environment;
  const code = html`<code title="${digest}">${shortDigest(digest)}</code>`;
  return first === environment ? code : html`${code} <span class="quiet">as in ${first}</span>`;
}

function waitingCell(waiting: readonly string[] | null): Html {
  if (waiting === null) return html`?`;
  const [newest, ...more] = waiting;
  if (newest === undefined) return html`<span class="quiet">nothing</span>`;
  return html`<span class="mark wait"><code>${newest}</code></span
    >${
      more.length === 0
        ? null
        : html` <details>
            <summary>and ${more.length} more</summary>
            <ul>
              ${more.map((tag) => html`<li><code>${tag}</code></li>`)}
            </ul>
          </details>`
    }`;
}

function clusterCells(cluster: BoardCluster | null, { tag }: BoardRow): Html {
  if (cluster === null) return html`${["?", "?", "?"].map((text) => html`<td>${text}</td>`)}`;
  const { images, sync, health } = cluster;
  const runs = images.map(
    (image) =>
      html`<code class="${image.tag === tag ? "" : "mark held"}" title="${image.digest ?? "?"}"
        >${image.tag}</code
      > `,
  );
  return html`
    <td>${runs.length === 0 ? html`<span class="quiet">nothing</span>` : runs}</td>
    <td>${mark(sync, sync === "Synced")}</td>
    <td>${mark(health, health === "Healthy")}</td>
  `;
}

function mark(text: string, isGood: boolean): Html {
  return html`<span class="mark ${isGood ? "good" : "held"}">${text}</span>`;
}

function changeCell(changed: Author | null, commitPage: CommitPage): Html {
  if (changed === null) return html`?`;
  const { author, commit, date, subject } = changed;
  return html`${subject} <br /><span class="quiet"
      >${commitLink(commit, commitPage)} by ${author}, ${time(date)}</span
    >`;
}

function time(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${timeText(date)}</time>`;
}

/** Gives the address of a commit's page; undefined where none is known. */
type CommitPage = ((commit: string) => string) | undefined;

function commitLink(commit: string, commitPage: CommitPage): Html {
  const short = html`<code>${commit.slice(0, 7)}</code>`;
  return commitPage ? html`<a href="${commitPage(commit)}">${short}</a>` : short;
}

/** GitHub has a page for each commit; for other servers the address is unknown. */
function commitPages(url: string): CommitPage {
  const name = githubRepository(url);
  return name === undefined ? undefined : (commit) => `https://github.com/${name}/commit/${commit}`;
}
