import { execFileSync } from "node:child_process";
import { compareVersions } from "../../../lib/version.ts";

const advice =
  "See https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html for installation instructions.";

/** Oldest AWS CLI, by major version, whose `eks get-token` the kubeconfig can use. */
const oldest: Readonly<Record<string, string>> = { 1: "1.24.0", 2: "2.7.0" };

/**
 * Checks that the AWS CLI is installed, which kubeconfigs need for tokens, before the component creates anything.
 * @throws Error with the real component's text if `aws` is not on PATH or is too old
 */
export function requireAwsCli(ask: () => string = awsVersion): void {
  const line = ask();
  const [, version = "0", major = ""] = /^aws-cli\/((\d+)\.\d+\.\d+)/.exec(line) ?? [];
  const needed = oldest[major] ?? "2.7.0";
  if (compareVersions(version, needed) >= 0) return;
  const found = line.split(" ")[0]?.replace("aws-cli/", "") ?? line;
  throw new Error(
    `At least v${needed} of aws-cli is required. Current version is: ${found}. ${advice}`,
  );
}

function awsVersion(): string {
  try {
    return execFileSync("aws", ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    throw new Error(`Could not find aws CLI for EKS. ${advice}`);
  }
}
