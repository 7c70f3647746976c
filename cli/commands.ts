import type { Command } from "commander";
import type { ProgramFor } from "./completion.ts";

/** A command of `idp`. Its module is loaded only when it is used, because `idp check` runs in every pull request. */
export interface CommandEntry {
  /** Shown in the list of `idp --help`. */
  readonly description: string;
  /** Makes the command. Completion alone needs the whole program. */
  readonly load: (programFor: ProgramFor) => Promise<Command>;
}

/** Every command by its name, in the order of the help. A new command needs an entry here and a module. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  check: {
    description: "check the service files, charts and settings by every rule",
    load: async () => (await import("./check.ts")).checkCommand(),
  },
  changes: {
    description: "name the stacks that a change makes work for",
    load: async () => (await import("./changes.ts")).changesCommand(),
  },
  audit: {
    description: "check a deployed environment: drift, and every rule",
    load: async () => (await import("./audit.ts")).auditCommand(),
  },
  init: {
    description: "make this repository yours: organisation, accounts, region, domain, admins",
    load: async () => (await import("./init.ts")).initCommand(),
  },
  doctor: {
    description: "find what a machine, a fork and its accounts lack, and how to fix it",
    load: async () => (await import("./doctor.ts")).doctorCommand(),
  },
  backend: {
    description: "make the bucket and the key that keep a stack's state",
    load: async () => (await import("./backend.ts")).backendCommand(),
  },
  env: {
    description: "print a stack's state backend and credentials, for a shell",
    load: async () => (await import("./env.ts")).envCommand(),
  },
  github: {
    description: "show and make the settings of the repositories on GitHub",
    load: async () => (await import("./github.ts")).githubCommand(),
  },
  service: {
    description: "write the files of a new service, or remove one step by step",
    load: async () => (await import("./service.ts")).serviceCommand(),
  },
  cost: {
    description: "show what the stacks cost in a month, with the arithmetic",
    load: async () => (await import("./cost.ts")).costCommand(),
  },
  outdated: {
    description: "compare the versions that the stacks pin with the newest releases",
    load: async () => (await import("./outdated.ts")).outdatedCommand(),
  },
  report: {
    description: "write a job's outputs to GitHub: a comment, an issue",
    load: async () => (await import("./github-report.ts")).reportCommand(),
  },
  release: {
    description: "make a build a release: the same digest in staging's and prod's registries",
    load: async () => (await import("./release.ts")).releaseCommand(),
  },
  status: {
    description:
      "show what is where: tags, digests, waiting tags, last changes; from git and registries",
    load: async () => (await import("./status.ts")).statusCommand(),
  },
  board: {
    description: "write what idp status shows as one HTML page",
    load: async () => (await import("./board.ts")).boardCommand(),
  },
  diff: {
    description: "show how a service differs between two environments: file, image, manifests",
    load: async () => (await import("./diff.ts")).diffCommand(),
  },
  promote: {
    description: "propose a release for prod: a branch with one line changed, and the evidence",
    load: async () => (await import("./promote.ts")).promoteCommand(),
  },
  sync: {
    description: "have Argo CD bring a service to what git says, and wait for it",
    load: async () => (await import("./sync.ts")).syncCommand(),
  },
  refresh: {
    description: "have an environment's Argo CD read its service files now",
    load: async () => (await import("./refresh.ts")).refreshCommand(),
  },
  hold: {
    description: "keep a service's image unchanged until unhold",
    load: async () => (await import("./hold.ts")).holdCommand(),
  },
  unhold: {
    description: "let image updates change a service again",
    load: async () => (await import("./hold.ts")).unholdCommand(),
  },
  rollback: {
    description: "put a service back to an earlier tag, and hold it there",
    load: async () => (await import("./hold.ts")).rollbackCommand(),
  },
  twin: {
    description: "the twin: the three accounts on this machine, without AWS",
    load: async () => (await import("./twin.ts")).twinCommand(),
  },
  completion: {
    description: "print a script that completes idp commands in bash, zsh or fish",
    load: async (programFor) => (await import("./completion.ts")).completionCommand(programFor),
  },
};
