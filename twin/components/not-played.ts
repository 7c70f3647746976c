/** How error messages describe a component double. */
export interface ComponentDouble {
  readonly name: string;
  /** What it plays, in a few words. */
  readonly plays: string;
  /** Where to add a missing part. */
  readonly folder: string;
}

/**
 * Returns the names of the set arguments that a double does not know and would ignore.
 * @param played the names that the double knows
 * @param path the path of `args` in the component's arguments, such as `subnetSpecs.`
 */
export function otherArguments(args: object, played: readonly string[], path = ""): string[] {
  return Object.entries(args)
    .filter(([key, value]) => value !== undefined && !played.includes(key))
    .map(([key]) => `${path}${key}`);
}

/** Returns the error for arguments that a double does not play. A double must never accept a program and do less. */
export function notPlayed(
  { name, plays, folder }: ComponentDouble,
  unplayed: readonly string[],
): Error {
  return new Error(
    `The ${name} double does not play ${unplayed.join(", ")}. It plays ${plays}. ` +
      `Fix: leave it out, or add it to ${folder}`,
  );
}
