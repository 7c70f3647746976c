/** Returns a function that shows progress on a terminal, such as `charts rendered: 3 of 40`, and clears it at end. */
export function counter(what: string): (done: number, total: number) => void {
  return (done, total) => {
    if (!process.stderr.isTTY || total < 20) return;
    const line = `${what}: ${done} of ${total}`;
    process.stderr.write(done === total ? `\r${" ".repeat(line.length)}\r` : `\r${line}`);
  };
}
