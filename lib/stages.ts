import { styleText } from "node:util";

/** Says one line of progress. */
export type Say = (line: string) => void;

/** Where lines go and what time it is; a test brings its own. */
export interface StageOutput {
  readonly write: Say;
  readonly now: () => number;
}

/** What `work` of a stage gets. */
export type Work<T> = (say: Say) => Promise<T>;

/** A stage that says nothing for this long says that it goes on. */
const silenceMs = 10_000;

/**
 * Runs named stages one after another and tells of each: its name, what it says, how long it took; at the end the times
 * of all. Lines, the same on a terminal and in a pipe but for colour.
 */
export class Stages {
  readonly #output: StageOutput;
  readonly #times: { readonly name: string; readonly seconds: number }[] = [];

  constructor(
    output: StageOutput = {
      write: (line) => void process.stdout.write(`${line}\n`),
      now: Date.now,
    },
  ) {
    this.#output = output;
  }

  /** @throws what the stage throws, after saying how far it came */
  async run<T>(name: string, work: Work<T>): Promise<T> {
    const { write, now } = this.#output;
    const start = now();
    let last = start;
    const seconds = () => (now() - start) / 1000;
    write(styleText("bold", `▸ ${name}`));
    const beat = setInterval(() => {
      if (now() - last < silenceMs) return;
      last = now();
      write(styleText("dim", `  ... ${Math.round(seconds())} s`));
    }, 1000);
    try {
      const result = await work((line) => {
        last = now();
        write(`  ${line}`);
      });
      write(`  ${styleText("green", "✓")} ${seconds().toFixed(1)} s`);
      return result;
    } catch (error) {
      write(`  ${styleText("red", "✗")} failed after ${seconds().toFixed(1)} s`);
      throw error;
    } finally {
      clearInterval(beat);
      this.#times.push({ name, seconds: seconds() });
    }
  }

  /** The time of each stage and of all, one a line. */
  summary(): string[] {
    const total = this.#times.reduce((sum, { seconds }) => sum + seconds, 0);
    const rows = [...this.#times, { name: "total", seconds: total }];
    const width = Math.max(...rows.map(({ name }) => name.length));
    return rows.map(
      ({ name, seconds }) => `${name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)} s`,
    );
  }
}
