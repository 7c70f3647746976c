import { z } from "zod";
import type { Environment } from "./environments.ts";
import { problemsOf, SettingsError } from "./problems.ts";
import { githubAppKey, registryHost, Settings } from "./schema.ts";
import { stackFileIn, type StackFile } from "./stack-files.ts";

/** Returns a schema that keeps the valid keys of a group of settings and drops the others. */
function rightKeys<Shape extends z.ZodRawShape>(shape: Shape) {
  const Keys = z.object(shape).partial();
  return z
    .unknown()
    .optional()
    .transform((raw) => {
      const parsed = Keys.safeParse(raw);
      if (parsed.success) return parsed.data;
      const wrong = parsed.error.issues.map(({ path }) => path[0]);
      const rest = Object.entries(raw ?? {}).filter(([key]) => !wrong.includes(key));
      return Keys.parse(Object.fromEntries(rest));
    });
}

const { aws, repository, domain, network, cluster, argoCd, images, promotion, github } =
  Settings.shape;
const [updated, pinned] = images.options;
const strategy = z.union([updated.shape.strategy, pinned.shape.strategy]);

const Committed = z.object({
  aws: rightKeys(aws.shape),
  repository: rightKeys(repository.shape),
  domain: domain.catch(undefined),
  network: rightKeys(network.shape),
  cluster: rightKeys(cluster.shape),
  argoCd: rightKeys(argoCd.shape),
  images: rightKeys({ ...updated.shape, strategy }),
  promotion: promotion.catch(undefined),
  github: rightKeys(github.shape),
  [githubAppKey]: z.unknown().optional(),
} satisfies Record<keyof Settings | typeof githubAppKey, z.ZodType>);

/** The valid part of a stack's settings: every required group is present, with each of its keys that is valid. */
export type Committed = z.infer<typeof Committed>;

/**
 * Returns the valid part of a stack file; this is the only lenient reader. It is for code that needs a few settings of a
 * file that the program has not accepted, such as a neighbour's, another commit's, or one without a decided account.
 */
export function committed({ settings }: Pick<StackFile, "settings">): Committed {
  return Committed.parse(settings);
}

/**
 * Returns one value of a stack file, which must be there.
 *
 * @param pick reads it, such as `({ aws }) => aws.region`
 * @throws SettingsError with every problem of the file
 */
export function required<T>(
  { environment, settings }: Pick<StackFile, "environment" | "settings">,
  pick: (committed: Committed) => T | undefined,
): T {
  const value = pick(committed({ settings }));
  if (value !== undefined) return value;
  const { error } = WithGithubApp.safeParse(settings);
  throw new SettingsError(environment, error ? problemsOf(error, settings) : []);
}

const WithGithubApp = Settings.extend({ [githubAppKey]: z.unknown().optional() });

/**
 * Returns whole groups of settings, such as `Settings.pick({ argoCd: true })`; undefined if one of them has a mistake.
 */
export function wholeGroups<Shape extends z.ZodRawShape>(
  { settings }: Pick<StackFile, "settings">,
  groups: z.ZodObject<Shape>,
) {
  return z.object(groups.shape).safeParse(settings).data;
}

/**
 * Returns the host of the registry that an environment's committed service files name: the one of the account in its
 * committed stack file. The settings in use may have another, because a run with `--config-file` may be for another
 * account.
 * @throws Error naming the file when it is missing or has no account
 */
export function committedRegistryHost(
  stackFiles: readonly StackFile[],
  environment: Environment,
): string {
  const file = stackFileIn(stackFiles, environment);
  return registryHost({
    accountId: required(file, ({ aws }) => aws.accountId),
    region: required(file, ({ aws }) => aws.region),
  });
}
