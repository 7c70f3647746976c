/** The `runtime.options` that may stand in a Pulumi.yaml; this host installs nothing, so it ignores packagemanager. */
const known = ["typescript", "packagemanager"];

/**
 * The environment variables by which @pulumi/pulumi learns of a program's `runtime.options`.
 * @throws Error that names an option that this host does not follow, or one of the wrong type
 */
export function optionVariables(
  options: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const others = Object.keys(options).filter((key) => !known.includes(key));
  if (others.length > 0) {
    throw new Error(
      `Pulumi.yaml, runtime.options: the twin's language host does not follow ${others.join(", ")}. ` +
        `It follows: ${known.join(", ")}. Fix: leave it out, or add it to twin/engine/language-host/options.ts`,
    );
  }
  const { typescript = true } = options;
  if (typeof typescript !== "boolean") {
    throw new Error(
      `Pulumi.yaml, runtime.options.typescript: expected true or false, got ${JSON.stringify(typescript)}`,
    );
  }
  // With it @pulumi/pulumi registers ts-node; without, TypeScript is left to Node itself.
  return typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {};
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
