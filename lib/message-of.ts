import { z } from "zod";

/**
 * Returns what an error says to a person. Whatever is thrown comes out as words: a failed parse names each key, what was
 * found there and what is allowed, where its own message is a page of JSON.
 */
export function messageOf(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
