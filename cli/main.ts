import { run } from "./run.ts";

if (process.argv[2] === "local") {
  console.error("idp local is now idp twin; the old name goes in 0.2");
  process.argv[2] = "twin";
}

process.exitCode = await run(process.argv.slice(2));
