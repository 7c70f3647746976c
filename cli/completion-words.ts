import type { Argument, Command, Option } from "commander";

/** What a word of a command line can be. */
export type Offer =
  /** One of these. */
  | readonly string[]
  /** A service of the clone that the shell is in. */
  | "services"
  /** A file or folder. */
  | "files"
  /** Something that nobody can guess. */
  | "unknown";

/** An option of a command. */
export interface OptionWords {
  /** Every way to write it, such as `-f` and `--follow`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it; undefined when nothing does. */
  readonly value: Offer | undefined;
}

/** A command, as far as a shell needs to know it. */
export interface CommandWords {
  /** Its words, such as `idp twin up`. */
  readonly path: string;
  readonly description: string;
  /** Names of the commands inside it. */
  readonly commands: readonly string[];
  readonly options: readonly OptionWords[];
  /** What its arguments can be, in their order. */
  readonly arguments: readonly Offer[];
  /** Whether the last argument may be given again. */
  readonly isVariadic: boolean;
}

/** A command and all commands inside it. */
export function commandWords(command: Command, above = ""): CommandWords[] {
  const path = `${above}${command.name()}`;
  const help = { flags: ["-h", "--help"], description: "how to use it", value: undefined };
  return [
    {
      path,
      description: command.description(),
      commands: command.commands.map((inner) => inner.name()),
      options: [...command.options.map(optionWords), help],
      arguments: command.registeredArguments.map(argumentOffer),
      isVariadic: command.registeredArguments.at(-1)?.variadic ?? false,
    },
    ...command.commands.flatMap((inner) => commandWords(inner, `${path} `)),
  ];
}

function optionWords(option: Option): OptionWords {
  const { short, long, description, argChoices, required, optional, flags } = option;
  const takesFile = /[<[](file|folder)s?(\.\.\.)?[>\]]/.test(flags);
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: required || optional ? (argChoices ?? (takesFile ? "files" : "unknown")) : undefined,
  };
}

function argumentOffer(argument: Argument): Offer {
  if (argument.argChoices) return argument.argChoices;
  const name = argument.name();
  if (name === "service" || name === "services") return "services";
  return name === "file" || name === "files" ? "files" : "unknown";
}
