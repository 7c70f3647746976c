/** Something about the tools that a person can fix; the message says how. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
}
