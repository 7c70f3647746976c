/** A word that every POSIX shell reads back as `text`. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a shell should have afterwards. */
export interface ShellVariables {
  /** Variables that would override the others. */
  readonly unset: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/** Returns the lines that make a POSIX shell so: for `eval "$(...)"`. */
export function shellLines({ unset, variables }: ShellVariables): string {
  return [
    ...(unset.length === 0 ? [] : [`unset ${unset.join(" ")}`]),
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}`),
  ].join("\n");
}

/** Returns the environment of a process with these changes. */
export function environmentWith(
  env: NodeJS.ProcessEnv,
  { unset, variables }: ShellVariables,
): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !unset.includes(name));
  return { ...Object.fromEntries(kept), ...variables };
}
