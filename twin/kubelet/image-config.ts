import { z } from "zod";
import type { Container } from "./pod.ts";

const Words = z.array(z.string()).nullish();

/** What the twin reads of an image's configuration (OCI image specification, "Image Configuration"). */
export const ImageConfig = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  config: z
    .object({
      Entrypoint: Words,
      Cmd: Words,
      /** `<name>=<value>`. */
      Env: Words,
      WorkingDir: z.string().nullish(),
      User: z.string().nullish(),
    })
    .nullish(),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** The words that decide what a container runs. */
export type CommandWords = Pick<Container, "command" | "args">;

/**
 * A container's program and arguments: `command` stands for the image's entrypoint and its arguments, `args` for its
 * arguments alone (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/). Empty for
 * an image that nobody can run. An empty list counts as absent, as in containerd.
 */
export function commandLine(
  { command = [], args = [] }: CommandWords,
  image: ImageConfig,
): string[] {
  const { Entrypoint, Cmd } = image.config ?? {};
  if (command.length > 0) return [...command, ...args];
  return [...(Entrypoint ?? []), ...(args.length > 0 ? args : (Cmd ?? []))];
}
