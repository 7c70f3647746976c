import type { Argument, Command, Option } from "commander";

/** A word that can come next on a command line. */
export interface NextWord {
  readonly word: string;
  readonly description: string;
}

/**
 * Returns the words that can come next on a command line and begin as its last word does; "files" where a path comes
 * next.
 *
 * @param line words after the program's name; the last one is still being typed and may be empty
 * @param services returns the names for an argument that is a service
 */
export function nextWords(
  program: Command,
  line: readonly string[],
  services: () => readonly string[],
): readonly NextWord[] | "files" {
  const current = line.at(-1) ?? "";
  const { command, position, valueOf } = placeIn(program, line.slice(0, -1));
  const offered = valueOf
    ? optionValues(valueOf)
    : current.startsWith("-")
      ? flagsOf(command)
      : argumentsAt(command, position, services);
  return offered === "files" ? offered : offered.filter(({ word }) => word.startsWith(current));
}

/** The position of the next word. */
interface Place {
  readonly command: Command;
  /** Index of the next argument, from 0. */
  readonly position: number;
  /** The option whose value comes next. */
  readonly valueOf: Option | undefined;
}

function placeIn(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, position: 0, valueOf: undefined };
  for (const word of words) {
    const { command, position, valueOf } = place;
    const inner = command.commands.find((candidate) => candidate.name() === word);
    const option = command.options.find(({ short, long }) => [short, long].includes(word));
    if (valueOf) place = { command, position, valueOf: undefined };
    else if (inner) place = { command: inner, position: 0, valueOf: undefined };
    else if (option?.required || option?.optional) place = { command, position, valueOf: option };
    else if (!word.startsWith("-")) place = { command, position: position + 1, valueOf: undefined };
  }
  return place;
}

function optionValues({ argChoices, flags, description }: Option): NextWord[] | "files" {
  if (/[<[](file|folder)s?(\.\.\.)?[>\]]/.test(flags)) return "files";
  return (argChoices ?? []).map((word) => ({ word, description }));
}

function flagsOf(command: Command): NextWord[] {
  const help = { short: "-h", long: "--help", description: "how to use it" };
  return [...command.options, help].flatMap(({ short, long, description }) =>
    [short, long].flatMap((word) => (word === undefined ? [] : [{ word, description }])),
  );
}

function argumentsAt(
  command: Command,
  position: number,
  services: () => readonly string[],
): NextWord[] | "files" {
  const all = command.registeredArguments;
  const last = all.at(-1);
  const argument = all[position] ?? (last?.variadic ? last : undefined);
  const inner = position === 0 ? command.commands : [];
  const words = inner.map((one) => ({ word: one.name(), description: one.description() }));
  const offered = argument ? argumentValues(argument, services) : [];
  return offered === "files" ? offered : [...words, ...offered];
}

function argumentValues(
  argument: Argument,
  services: () => readonly string[],
): NextWord[] | "files" {
  const name = argument.name();
  if (name === "file" || name === "files") return "files";
  const isService = name === "service" || name === "services";
  const words = argument.argChoices ?? (isService ? services() : []);
  return words.map((word) => ({ word, description: argument.description }));
}
