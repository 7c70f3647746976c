/** `aws`, the double of the AWS CLI. Started often, so it loads nothing it does not need. */
import { runAwsCli } from "./commands.ts";

process.exitCode = runAwsCli(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
});
