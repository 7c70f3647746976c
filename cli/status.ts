import { Command, Option } from "commander";
import { tableLines } from "../local/stages.ts";
import { isComplete, readBoard, type Board, type BoardRow } from "../promotion/status.ts";
import { ageText, shortDigest, waitingText } from "../promotion/text.ts";
import { inPlaces, withPlaceOptions, type PlaceOptions } from "./places.ts";

/** `idp status`: what is where. */
export function statusCommand(): Command {
  return withPlaceOptions(new Command("status"))
    .argument("[services...]", "names of services; else all")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nExit code 1 when something could not be read, or a registry lacks what a file names.",
    )
    .action(async (services: string[], { json, ...options }: PlaceOptions & { json?: true }) => {
      const board = await inPlaces(options, ({ places }) => readBoard(places, { services }));
      console.log(json ? JSON.stringify(board, null, 2) : boardLines(board).join("\n"));
      if (!isComplete(board)) process.exitCode = 1;
    });
}

/** The board as a person reads it. */
export function boardLines({ repository, services, problems }: Board): string[] {
  const said = [
    ...problems,
    ...services.flatMap(({ service, environment, problem }) =>
      problem === null ? [] : [`${service} in ${environment}: ${problem}`],
    ),
  ];
  return [
    `${repository.branch} of ${repository.url} at ${repository.commit.slice(0, 7)}`,
    "",
    ...tableLines([
      ["SERVICE", "ENVIRONMENT", "TAG", "DIGEST", "AGE", "WAITING", "LAST CHANGE"],
      ...services.map(cellsOf),
    ]),
    ...services.flatMap(({ service, environment, hold }) =>
      hold === null ? [] : [`held: ${service} in ${environment}: ${hold}`],
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
    changed === null ? "?" : `${changed.commit.slice(0, 7)} ${changed.author}: ${changed.subject}`,
  ];
}
