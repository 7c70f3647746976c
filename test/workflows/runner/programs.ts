import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";

/**
 * Stand-ins on PATH for what a runner has and what only AWS or GitHub answers. Each writes its call to $CALLS, and plays
 * no more than the sentence beside it. `node` and `git` are the real ones.
 */
const stand: Readonly<Record<string, string>> = {
  // Installs by linking the packages of this work tree; `check` runs the rules alone; `toolchain` leaves a file where the
  // tools go; the other targets say that one test passed.
  make: `case "$1" in
    install) ln -sfn '${repositoryRoot}/node_modules' node_modules ;;
    check) node bin/idp.js check ;;
    toolchain) mkdir -p ~/.cache/idp/tools && touch ~/.cache/idp/tools/built ;;
    *) echo "  1 passing (1s)"; echo "make $1 base=$GITHUB_BASE_REF" >>"$CALLS" ;;
  esac`,
  // Asks for a login as the CLI does where nobody can type one, and for AWS credentials where the stack is in S3.
  pulumi: `if [[ -z $PULUMI_ACCESS_TOKEN && $PULUMI_BACKEND_URL != s3://* ]]; then
    echo "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions" >&2; exit 1
  fi
  if [[ $PULUMI_BACKEND_URL == s3://* && -z $AWS_ACCESS_KEY_ID ]]; then
    echo "error: no EC2 IMDS role found" >&2; exit 1
  fi
  echo "pulumi $1 of $PULUMI_STACK"`,
  // Never does what it is asked.
  sudo: "",
  // Charts render to nothing.
  helm: "",
  docker: "",
  // Every image is for the nodes.
  skopeo: `[[ "$*" != *--override-arch* ]] || echo linux/amd64`,
  cosign: "",
  aws: "",
  kubectl: "",
};

/** Scripts by the beginning of a command line, such as `node bin/idp.js audit`: they run in its place. */
export type Played = Readonly<Record<string, string>>;

/** Writes the stand-ins into a folder for PATH. */
export function writePrograms(folder: string, played: Played): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, script] of Object.entries({
    ...stand,
    node: `exec '${process.execPath}' "$@"`,
  })) {
    const cases = Object.entries(played)
      .filter(([line]) => line.startsWith(`${name} `))
      .map(([line, own]) => `if [[ "${name} $*" == '${line}'* ]]; then ${own}\nexit; fi\n`);
    const text = `#!/bin/bash\necho "${name} $*" >>"$CALLS"\n${cases.join("")}${script}\n`;
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
}
