import { relative } from "node:path";
import { reporters, Runner, type Suite } from "mocha";
import { repositoryRoot } from "../../../lib/paths.ts";

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END } = Runner.constants;

/** Mocha's own reporter, and after it how long each file took, hooks included: `412.0 s  test/e2e/...`, the slowest first. */
export default class TimedSpec extends reporters.Spec {
  constructor(runner: Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const began = new Map<Suite, number>();
    const took = new Map<string, number>();
    runner.on(EVENT_SUITE_BEGIN, (suite) => began.set(suite, Date.now()));
    runner.on(EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root !== true) return;
      const file = relative(repositoryRoot, suite.file ?? "");
      const seconds = (Date.now() - (began.get(suite) ?? Date.now())) / 1000;
      took.set(file, (took.get(file) ?? 0) + seconds);
    });
    runner.once(EVENT_RUN_END, () => {
      const slowestFirst = [...took].sort(([, a], [, b]) => b - a);
      for (const [file, seconds] of slowestFirst) {
        console.log(`${seconds.toFixed(1).padStart(8)} s  ${file}`);
      }
    });
  }
}
