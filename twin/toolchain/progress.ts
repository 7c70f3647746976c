import { definitionOf, type ToolName } from "./tools.ts";

/** Where progress is written. */
export interface Output {
  readonly write: (text: string) => unknown;
  /** True for a terminal: progress is one changing line instead of several lines. */
  readonly isTTY?: boolean | undefined;
}

/** One tool being built. */
export interface Progress {
  /** Reports what the build does now, if not compiling. */
  readonly doing: (what: string) => void;
  /** Reports that a package has been compiled. */
  readonly compiled: () => void;
  /** Ends the reports of this tool. */
  readonly done: (how: "built" | "failed") => void;
}

/** The state of a build, for {@link heartbeat}. */
export interface Beat {
  readonly tool: ToolName;
  readonly elapsedSeconds: number;
  readonly expectedSeconds: number;
  readonly packages: number;
  readonly doing?: string | undefined;
}

const quietSeconds = 2;
const lineEverySeconds = 15;

/** Returns a time like `6:31`, or `1:02:03` from an hour on. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((part) => String(part));
  const hours = Math.floor(whole / 3600);
  const [minutes = "0", rest = "0"] = parts;
  return hours > 0
    ? `${hours}:${minutes.padStart(2, "0")}:${rest.padStart(2, "0")}`
    : `${minutes}:${rest.padStart(2, "0")}`;
}

/** Returns one line that says what a build does and how far it is. */
export function heartbeat(beat: Beat): string {
  const { tool, elapsedSeconds, expectedSeconds, packages, doing } = beat;
  const isLate = elapsedSeconds > expectedSeconds;
  const time = `${clock(elapsedSeconds)} ${isLate ? "instead of" : "of"} about ${clock(expectedSeconds)}`;
  return `  ${tool}: ${time}, ${doing ?? `${packages} packages compiled`}`;
}

/** Returns the first line of a build: the tool, its purpose and the expected time. */
export function announcement(tool: ToolName, expectedSeconds: number, isMeasured: boolean): string {
  const { purpose, version } = definitionOf(tool);
  const time = isMeasured
    ? `last time ${clock(expectedSeconds)}`
    : `about ${clock(expectedSeconds)} on two cores`;
  return `  ${tool} ${version} (${purpose}): ${time}`;
}

/**
 * Reports a build at its beginning and its end. In between it shows a changing line (terminal) or a new line every 15 s. A
 * build that ends within two seconds is reported in one line.
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
