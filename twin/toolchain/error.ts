/** A problem with the tools that a person can fix. The message says how. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
}
