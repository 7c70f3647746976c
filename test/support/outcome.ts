import { z } from "zod";

/** What a shell sees of a command. */
export const Outcome = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });
export type Outcome = z.infer<typeof Outcome>;
