import { mainBranch } from "../../config/main-branch.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environments } from "../../config/environments.ts";
import { initialise } from "../../config/initialise.ts";

/** The owner in the golden stacks, always the same: a fork keeps its golden files until it changes a setting. */
export const goldenFacts = {
  url: "https://github.com/example/idp",
  branch: mainBranch,
  github: "example/idp",
  accounts: {
    dev: { accountId: "100000000001", region: "us-west-2" },
    staging: { accountId: "100000000002", region: "us-west-2" },
    prod: { accountId: "100000000003", region: "us-west-2" },
  },
};

const committed = new Map(
  environments.map((environment) => {
    const file = `Pulumi.${environment}.yaml`;
    return [file, readFileSync(join(import.meta.dirname, "../..", file), "utf8")];
  }),
);

/** The committed stack files with {@link goldenFacts} in them, by their names. */
export const goldenStackFiles: ReadonlyMap<string, string> = new Map([
  ...committed,
  ...initialise(committed, goldenFacts),
]);
