import { tableLines } from "../lib/table.ts";
import { Command, Option } from "commander";
import {
  aheadOfStaging,
  isComplete,
  soaking,
  type Board,
  type BoardRow,
} from "../promotion/board.ts";
import { wholeMinute } from "../promotion/soak.ts";
import { readBoard } from "../promotion/read-board.ts";
import {
  ageText,
  lineText,
  runsText,
  shortDigest,
  timeText,
  waitingText,
} from "../promotion/text.ts";
import { withClusters, withClusterOptions, type ClusterOptions } from "./clusters.ts";
import { counter } from "./counter.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions & ClusterOptions;

/** `idp status`: shows what is where. */
export function statusCommand(): Command {
  return withClusterOptions(withWorkspaceOptions(new Command("status")))
    .argument("[services...]", "names of services (default: all)")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      `
Exit code 1 when something could not be read, a registry lacks what a file names or has builds that Image Updater cannot
take or compare, or, with --cluster, something of a service is wrong: its sync fails or is tried again, it is Degraded,
what was synced is gone, it has no Application, Image Updater does not look for its image, or Argo CD cannot read the
service files. A service that waits for a person's sync is OutOfSync, and no problem.`,
    )
    .action(async (services: string[], { json, ...options }: Options & { json?: true }) => {
      const board = await boardOf(services, options);
      console.log(json ? JSON.stringify(board, null, 2) : boardLines(board).join("\n"));
      if (!isComplete(board)) process.exitCode = 1;
    });
}

/** Returns the board of the named services, or of all, from where the options say. */
export function boardOf(services: readonly string[], options: Options): Promise<Board> {
  return inWorkspace(options, ({ workspace, isTwin }) =>
    withClusters(options, isTwin, (applications, applicationSet, updatedImages) =>
      readBoard(workspace, {
        services,
        onRead: counter("services read"),
        ...(applications && { applications }),
        ...(applicationSet && { applicationSet }),
        ...(updatedImages && { updatedImages }),
      }),
    ),
  );
}

/** Returns the board as lines for a person. */
export function boardLines(board: Board): string[] {
  const { repository, services, strays = [], problems } = board;
  const said = [
    ...problems,
    ...[...services, ...strays.map((stray) => ({ ...stray, problem: null }))].flatMap(
      ({ service, environment, problem, cluster }) =>
        [problem ?? "", cluster?.message ?? ""].flatMap((text) =>
          text === "" ? [] : [lineText(`${service} in ${environment}: ${text}`)],
        ),
    ),
  ];
  const hasClusters = services.some(({ cluster }) => cluster !== undefined);
  return [
    `${repository.branch} of ${repository.url} at ${repository.commit.slice(0, 7)}`,
    "",
    ...tableLines([
      [
        ...["SERVICE", "ENVIRONMENT", "TAG", "DIGEST", "AGE", "WAITING"],
        ...(hasClusters ? ["RUNS", "SYNC", "HEALTH"] : []),
        "LAST CHANGE",
      ],
      ...services.map(cellsOf),
    ]),
    ...services.flatMap(({ service, environment, hold }) =>
      hold === null ? [] : [lineText(`held: ${service} in ${environment}: ${hold}`)],
    ),
    ...aheadOfStaging(services).map(({ prod, staging }) =>
      lineText(
        `ahead: ${prod.service} in prod has ${prod.tag ?? "?"}, staging ${staging.hold === null ? "names" : "holds"} ${staging.tag ?? "?"}${staging.hold === null ? "" : `: ${staging.hold}`}`,
      ),
    ),
    ...soaking(board).map(
      ({ staging: { service, tag }, until }) =>
        `soaks: ${service} ${tag ?? "?"} in staging until ${timeText(wholeMinute(until))}`,
    ),
    ...strays.map(({ service, environment, cluster }) =>
      lineText(
        `without a file: ${service} in ${environment}: ${runsText(cluster)} ${cluster.sync} ${cluster.health}`,
      ),
    ),
    ...(said.length > 0 ? ["", ...said.map((problem) => `problem: ${problem}`)] : []),
  ];
}

function cellsOf(row: BoardRow): string[] {
  const { service, environment, tag, digest, ageSeconds, waiting, hold, changed } = row;
  return [
    service,
    environment,
    `${tag ?? "?"}${hold === null ? "" : " (held)"}`,
    shortDigest(digest),
    ageText(ageSeconds),
    waitingText(waiting),
    ...(row.cluster === undefined
      ? []
      : [runsText(row.cluster), row.cluster?.sync ?? "?", row.cluster?.health ?? "?"]),
    changed === null
      ? "?"
      : lineText(`${changed.commit.slice(0, 7)} ${changed.author}: ${changed.subject}`),
  ];
}
