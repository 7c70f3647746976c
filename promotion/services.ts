import { nearest } from "../catalog/nearest.ts";
import { imageOf } from "../catalog/schema.ts";
import { nameOf, readServiceFile, serviceFileOf } from "../catalog/service.ts";
import {
  applicationsFolder,
  environments,
  serviceFileEnding,
  type Environment,
} from "../config/environments.ts";

export { serviceFileOf };

/** A service as a commit's files name it. */
export interface NamedService {
  readonly environment: Environment;
  readonly name: string;
  /** Repository inside the account's registry, such as `idp/localtime`. */
  readonly image: string;
  /** The version that runs. */
  readonly tag: string;
  /** Why its image must stay as it is; undefined while updates go on. */
  readonly hold?: string | undefined;
}

/** Whether a path is that of a service file. */
export function isServiceFile(path: string): boolean {
  return (
    path.endsWith(serviceFileEnding) &&
    environments.some((environment) => path === serviceFileOf(environment, nameOf(path)))
  );
}

/** The services of the given files, sorted by environment and name. A file that is not valid names none. */
export function servicesIn(files: ReadonlyMap<string, string>): NamedService[] {
  return environments.flatMap((environment) =>
    [...files]
      .filter(([path]) => path.startsWith(`${applicationsFolder(environment)}/`))
      .flatMap(([path, text]) => {
        const content = readServiceFile(text);
        if (content === undefined) return [];
        const { hold, image, tag } = content;
        return [
          {
            environment,
            name: nameOf(path),
            image: imageOf(image.repository).name,
            tag,
            ...(hold && { hold: hold.reason }),
          },
        ];
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
}

/**
 * The one service of this name in an environment.
 * @throws Error naming the services that there are
 */
export function requireService(
  services: readonly NamedService[],
  environment: Environment,
  name: string,
): NamedService {
  const own = services.filter((service) => service.environment === environment);
  const found = own.find((service) => service.name === name);
  if (found) return found;
  const names = own.map((service) => service.name);
  const meant = nearest(name, names);
  throw new Error(
    `${environment} has no service "${name}"${meant ? `; did you mean ${meant}?` : ""} There are: ${names.join(", ") || "none"}.\nNothing was changed. Fix: a service is a file ${serviceFileOf(environment, "<service>")}`,
  );
}
