import { definitionOf, type ToolName } from "./tools.ts";

/** Where progress is written. */
export interface Output {
  readonly write: (text: string) => unknown;
  /** A terminal: one line that changes, instead of a line now and then. */
  readonly isTTY?: boolean | undefined;
}

/** One tool being built. */
export interface Progress {
  /** What it does just now, if not compiling. */
  readonly doing: (what: string) => void;
  /** A package has been compiled. */
  readonly compiled: () => void;
  /** Ends the reports of this tool. */
  readonly done: (how: "built" | "failed") => void;
}

/** State of a build, as {@link heartbeat} tells it. */
export interface Beat {
  readonly tool: ToolName;
  readonly elapsedSeconds: number;
  readonly expectedSeconds: number;
  readonly packages: number;
  readonly doing?: string | undefined;
}

const quietSeconds = 2;
const lineEverySeconds = 15;

/** `6:31`, and hours only when there are any: `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part));
  const hours = Math.floor(whole / 3600);
  const [minutes = "0", rest = "0"] = parts;
  return hours > 0
    ? `${hours}:${minutes.padStart(2, "0")}:${rest.padStart(2, "0")}`
    : `${minutes}:${rest.padStart(2, "0")}`;
}

/** One line that says what a build does and how far it is. */
export function heartbeat(beat: Beat): string {
  const { tool, elapsedSeconds, expectedSeconds, packages, doing } = beat;
  const isLate = elapsedSeconds > expectedSeconds;
  const time = `${clock(elapsedSeconds)} ${isLate ? "instead of" : "of"} about ${clock(expectedSeconds)}`;
  return `  ${tool}: ${time}, ${doing ?? `${packages} packages compiled`}`;
}

/** The first line of a build: what, for what, and for how long. */
export function announcement(tool: ToolName, expectedSeconds: number, isMeasured: boolean): string {
  const { purpose, version } = definitionOf(tool);
  const time = isMeasured
    ? `last time ${clock(expectedSeconds)}`
    : `about ${clock(expectedSeconds)} on two cores`;
  return `  ${tool} ${version} (${purpose}): ${time}`;
}

/**
 * Reports a build: at once, at the end, and in between a line that changes (terminal) or a new one every 15 s.
 * Whatever ends within two seconds is told in one line.
 */
export function report(
  tool: ToolName,
  expectedSeconds: number,
  isMeasured: boolean,
  output: Output,
): Progress {
  const start = Date.now();
  let packages = 0;
  let doing: string | undefined;
  let beats = 0;
  const everySeconds = output.isTTY ? 1 : lineEverySeconds;
  const elapsed = (): number => (Date.now() - start) / 1000;
  const announce = setTimeout(() => {
    output.write(`${announcement(tool, expectedSeconds, isMeasured)}\n`);
  }, quietSeconds * 1000);
  const timer = setInterval(() => {
    const line = heartbeat({ tool, elapsedSeconds: elapsed(), expectedSeconds, packages, doing });
    if (elapsed() < quietSeconds) return;
    beats++;
    output.write(output.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
  }, everySeconds * 1000);
  return {
    doing: (what) => {
      doing = what;
    },
    compiled: () => {
      doing = undefined;
      packages++;
    },
    done: (how) => {
      clearTimeout(announce);
      clearInterval(timer);
      if (output.isTTY && beats > 0) output.write("\r\u001b[2K");
      output.write(`  ${tool}: ${how} in ${clock(elapsed())}\n`);
    },
  };
}
