/** `aws`, the double of the AWS CLI. It is started often and therefore loads only what it needs. */
import { runAwsCli } from "./commands.ts";

process.exitCode = runAwsCli(process.argv.slice(2), process.env, {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
});
