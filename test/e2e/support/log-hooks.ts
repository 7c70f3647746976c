import { writeFileSync } from "node:fs";
import { logFile } from "./twin.ts";

/** Begins the log anew. */
export const mochaHooks = {
  beforeAll(): void {
    writeFileSync(logFile, "");
    console.log(`  (what the commands say is in ${logFile})`);
  },
};
