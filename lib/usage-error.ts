/**
 * The words of a command line are wrong whatever they are used on, so nothing was tried. `idp` exits with 2 then, as for
 * an option that there is not.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
