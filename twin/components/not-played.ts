/** A component double, as its refusals speak of it. */
export interface ComponentDouble {
  readonly name: string;
  /** What it plays, in a few words: the allowed choice. */
  readonly plays: string;
  /** Where a missing part is added. */
  readonly folder: string;
}

/**
 * The arguments that a double would ignore; what is undefined asks for nothing and is left out.
 * @param played names that the double knows
 * @param path of `args` in the component's arguments, such as `subnetSpecs.`
 */
export function otherArguments(args: object, played: readonly string[], path = ""): string[] {
  return Object.entries(args)
    .filter(([key, value]) => value !== undefined && !played.includes(key))
    .map(([key]) => `${path}${key}`);
}

/** The error for arguments that a double does not play: a program must never work here by being misread. */
export function notPlayed(
  { name, plays, folder }: ComponentDouble,
  asked: readonly string[],
): Error {
  return new Error(
    `The ${name} double does not play ${asked.join(", ")}. It plays ${plays}. ` +
      `Fix: leave it out, or add it to ${folder}`,
  );
}
