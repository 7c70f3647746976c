/**
 * The platform's environments, in the order a release passes through them. An environment is a stack, an AWS account,
 * a `Pulumi.<environment>.yaml` and a folder `argocd/applications/<environment>`.
 */
export const environments = ["dev", "staging", "prod"] as const;

/** One of {@link environments}. */
export type Environment = (typeof environments)[number];

/** Returns the name of an environment's EKS cluster. */
export function clusterNameOf(environment: Environment): string {
  return `idp-${environment}`;
}

/** Whether `name` is one of {@link environments}. */
export function isEnvironment(name: string): name is Environment {
  return environments.some((environment) => environment === name);
}

/** Returns the folder of an environment's service files, from the repository's root. Only this function knows it. */
export function applicationsFolder(environment: Environment): string {
  return `argocd/applications/${environment}`;
}

/** Ending of a service file. The ApplicationSet looks for this one only. */
export const serviceFileEnding = ".yaml";
