/**
 * Says in one line what a command is about to do that can take more than two seconds. On standard error, on a terminal
 * and in a pipe alike: standard output has the result alone, which may be JSON.
 */
export function progress(line: string): void {
  console.error(line);
}
