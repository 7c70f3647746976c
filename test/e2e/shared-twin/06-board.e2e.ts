import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { environments, type Environment } from "../../../config/environments.ts";
import { isSettled, serviceStatuses, syncApplication } from "../../../twin/cluster/applications.ts";
import { namedServices } from "../../../twin/images/images.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { requireTwin, twinRegistry } from "../../../twin/state/twin.ts";
import { shortDigest, timeText, waitingText } from "../../../promotion/text.ts";
import { keepPicture, open, startBrowser, tableRows } from "../../support/browser.ts";
import { eventually, idp, kubectl, sleep, succeeded } from "../support/twin.ts";

/** Whether an Application is held, as Image Updater sees it. */
const labelPath = "jsonpath={.metadata.labels.idp/hold}";

const services = ["time-service", "version-service"];

const By = z.object({
  commit: z.string(),
  author: z.string(),
  date: z.string(),
  subject: z.string(),
});
const Row = z.object({
  service: z.string(),
  environment: z.enum(environments),
  image: z.string(),
  tag: z.string(),
  digest: z.string(),
  built: z.string(),
  waiting: z.array(z.string()),
  hold: z.string().nullable(),
  changed: By,
  problem: z.null(),
  cluster: z
    .object({
      sync: z.string(),
      health: z.string(),
      images: z.array(z.object({ tag: z.string(), digest: z.string() })),
    })
    .optional(),
});
const Board = z.object({ services: z.array(Row), problems: z.array(z.string()).length(0) });
type Row = z.infer<typeof Row>;

async function status(...options: string[]): Promise<Row[]> {
  const { stdout } = succeeded(await idp("status", "--json", ...options));
  return Board.parse(JSON.parse(stdout)).services;
}

/** Waits until everything runs as git has it; prod's changes are synced, as a person does. */
async function settle(): Promise<void> {
  const statuses = async () => serviceStatuses(await namedServices());
  for (const one of await statuses()) {
    if (one.environment === "prod" && one.sync === "OutOfSync")
      await syncApplication("prod", one.service);
  }
  await eventually("everything runs as git has it", statuses, (all) => all.every(isSettled));
}

describe("the board", () => {
  before(settle);

  /** What an API server has: the image of the Deployment, and those of its Pods. */
  const runningIn = async (environment: Environment, service: string) => {
    const images = async (kind: string, path: string) =>
      new Set(
        (
          await kubectl(
            environment,
            "get",
            kind,
            "-n",
            service,
            "-o",
            `jsonpath={range ${path}}{.image}{"\\n"}{end}`,
          )
        )
          .split("\n")
          .filter((image) => image !== ""),
      );
    return [
      ...(await images("deployments", ".items[*].spec.template.spec.containers[*]")),
      ...(await images("pods", ".items[*].spec.containers[*]")),
    ].map((image) => image.slice(image.indexOf("/") + 1));
  };

  it("is what the API servers run, without having asked them", async () => {
    const rows = await status();
    expect(rows.map(({ service, environment }) => `${service} ${environment}`)).to.deep.equal(
      services.flatMap((service) => environments.map((environment) => `${service} ${environment}`)),
    );
    expect(rows.filter(({ cluster }) => cluster !== undefined)).to.deep.equal([]);
    for (const { environment, service, image, tag } of rows) {
      const named = `${image}:${tag}`;
      expect(await runningIn(environment, service)).to.deep.equal([named, named]);
    }
  });

  it("has what Argo CD says when it is asked", async () => {
    for (const { tag, digest, cluster } of await status("--cluster")) {
      expect(cluster).to.deep.equal({
        sync: "Synced",
        health: "Healthy",
        images: [{ tag, digest }],
      });
    }
  });

  it("shows a hold and what waits behind it, then neither", async () => {
    const [service, tag] = ["version-service", "sha-b0a4d00"];
    const inDev = async () =>
      (await status(service)).find(({ environment }) => environment === "dev");
    succeeded(await idp("hold", service, "dev", "--reason", "the board is looked at"));
    // Image Updater goes by the Application's label; a cycle that began before it was there must have ended, too.
    await eventually(
      "the hold has reached the Application",
      () => kubectl("dev", "get", "application", service, "-n", "argocd", "-o", labelPath),
      (label) => label === "true",
    );
    await sleep(10_000);
    const held = await inDev();
    await pushImage(
      twinRegistry(requireTwin(), "dev"),
      held?.image ?? "",
      tag,
      ociImage({ title: service, revision: "b0a4d00", version: "", created: new Date() }),
    );
    const { hold, waiting } = (await inDev()) ?? {};
    expect({ hold, waiting }).to.deep.equal({ hold: "the board is looked at", waiting: [tag] });

    succeeded(await idp("unhold", service, "dev"));
    const freed = await eventually("dev's file names the build", inDev, (row) => row?.tag === tag);
    expect([freed?.hold, freed?.waiting]).to.deep.equal([null, []]);
    await settle();
  });

  it("is a page that says the same, in a browser", async function () {
    this.timeout(120_000);
    const browser = await startBrowser();
    const scratch = mkdtempSync(join(tmpdir(), "idp-board-"));
    const file = join(scratch, "board.html");
    try {
      succeeded(await idp("board", "--cluster", "--out", file));
      const rows = await status("--cluster");
      const { page, complaints } = await open(browser, pathToFileURL(file).href);
      const shown = await tableRows(page);
      expect(shown.map((cells) => withoutAge(cells))).to.deep.equal(
        rows.map((row) => cellsOf(row, rows)),
      );
      expect(complaints).to.deep.equal([]);
      await keepPicture(page, "board-twin.png");
    } finally {
      await browser.close();
      rmSync(scratch, { recursive: true });
    }
  });
});

/** The age is the one cell that two readings need not agree on. It is the fourth before the cluster's three and the last. */
const withoutAge = (cells: readonly string[]) => cells.toSpliced(-6, 1);

/** The page's cells of a row, the age left out. */
function cellsOf(row: Row, rows: readonly Row[]): string[] {
  const { service, environment, tag, digest, built, waiting, hold, cluster, changed } = row;
  const own = rows.filter((other) => other.service === service);
  const first = own.find((other) => other.digest === digest)?.environment ?? environment;
  return [
    ...(row === own[0] ? [service] : []),
    environment,
    hold === null ? tag : `${tag} held ${hold}`,
    `${shortDigest(digest)}${first === environment ? "" : ` as in ${first}`}`,
    timeText(new Date(built)),
    waiting.length === 0 ? "nothing" : waitingText(waiting),
    cluster?.images.map((image) => image.tag).join(" ") ?? "?",
    cluster?.sync ?? "?",
    cluster?.health ?? "?",
    `${changed.subject} ${changed.commit.slice(0, 7)} by ${changed.author}, ${timeText(new Date(changed.date))}`,
  ];
}
