import { PodConfigError } from "./pod.ts";
import type { Container, Content, EnvVar, Sources } from "./pod.ts";

/**
 * The text with each `$(NAME)` replaced by the variable, as Kubernetes does it: an unknown name stays as it is, and
 * `$$(NAME)` is a literal `$(NAME)`.
 */
export function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$)?\(([-._A-Za-z0-9]+)\)/g, (whole, escaped, name: string) =>
    escaped === undefined ? (environment[name] ?? whole) : whole.slice(1),
  );
}

/**
 * A container's variables: those of `envFrom`, then those of `env`, each in their order.
 *
 * Service links (such as `<SERVICE>_PORT`) are left out: no cluster address can be reached in the twin.
 * @throws PodConfigError for a missing source that is not optional
 */
export function podEnvironment(container: Container, sources: Sources): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const content =
      configMapRef === undefined
        ? secretRef &&
          needed("Secret", secretRef.name, sources.secret(secretRef.name), secretRef.optional)
        : needed(
            "ConfigMap",
            configMapRef.name,
            sources.configMap(configMapRef.name),
            configMapRef.optional,
          );
    for (const [key, value] of content ?? []) environment[prefix + key] = value.toString("utf8");
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, environment, sources);
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

function valueOf(
  { name, value, valueFrom }: EnvVar,
  environment: Readonly<Record<string, string>>,
  sources: Sources,
): string | undefined {
  if (valueFrom === undefined) return expand(value ?? "", environment);
  const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
  if (fieldRef !== undefined) return sources.field(fieldRef.fieldPath);
  if (configMapKeyRef !== undefined) {
    return keyOf("ConfigMap", configMapKeyRef, sources.configMap(configMapKeyRef.name));
  }
  if (secretKeyRef !== undefined) {
    return keyOf("Secret", secretKeyRef, sources.secret(secretKeyRef.name));
  }
  throw new PodConfigError(`variable ${name} comes from a source that the twin does not know`);
}

function keyOf(
  kind: string,
  reference: { readonly name: string; readonly key: string; readonly optional?: boolean },
  content: Content | undefined,
): string | undefined {
  const { name, key, optional } = reference;
  const value = needed(kind, name, content, optional)?.get(key);
  if (value === undefined && optional !== true) {
    throw new PodConfigError(`couldn't find key ${key} in ${kind} ${name}`);
  }
  return value?.toString("utf8");
}

function needed(
  kind: string,
  name: string,
  content: Content | undefined,
  optional = false,
): Content | undefined {
  if (content === undefined && !optional) throw new PodConfigError(`${kind} "${name}" not found`);
  return content;
}
