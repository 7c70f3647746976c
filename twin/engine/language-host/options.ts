/** The `runtime.options` of a Pulumi.yaml or PulumiPolicy.yaml that this host follows. */
export interface RuntimeOptions {
  /** Let @pulumi/pulumi register ts-node. Default true; `false` leaves TypeScript to Node itself. */
  readonly typescript: boolean;
  /** Another tsconfig.json than the program's. */
  readonly tsconfig: string | undefined;
  /** Arguments for node, before the program. */
  readonly nodeargs: readonly string[];
}

/** @throws Error that names the option when it has another type than Pulumi's documentation says */
export function parseOptions(options: Readonly<Record<string, unknown>>): RuntimeOptions {
  const { typescript = true, tsconfig, nodeargs = "" } = options;
  if (typeof typescript !== "boolean") {
    throw new Error(
      `Pulumi.yaml, runtime.options.typescript: expected true or false, got ${JSON.stringify(typescript)}`,
    );
  }
  if (tsconfig !== undefined && typeof tsconfig !== "string") {
    throw new Error(
      `Pulumi.yaml, runtime.options.tsconfig: expected a path, got ${JSON.stringify(tsconfig)}`,
    );
  }
  if (typeof nodeargs !== "string") {
    throw new Error(
      `Pulumi.yaml, runtime.options.nodeargs: expected one string, got ${JSON.stringify(nodeargs)}`,
    );
  }
  return { typescript, tsconfig, nodeargs: words(nodeargs) };
}

/** Splits a command line at white space; single and double quotes hold a word together. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_match, double?: string, single?: string) => double ?? single ?? "",
    ),
  );
}

/** The environment variables by which @pulumi/pulumi learns of the options. */
export function optionVariables(options: RuntimeOptions): Record<string, string> {
  return {
    ...(options.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

/**
 * Configuration as the program reads it from PULUMI_CONFIG: `ns:name` becomes `ns:config:name`, the form that every
 * version of @pulumi/pulumi understands.
 */
export function programConfig(config: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries(
    [...config].map(([key, value]) => {
      const colon = key.indexOf(":");
      const name = key.slice(colon + 1).replace(/^config:/, "");
      return [`${key.slice(0, colon)}:config:${name}`, value];
    }),
  );
}
