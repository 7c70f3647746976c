import { imageOf } from "../catalog/schema.ts";
import { nameOf, readServiceFile, serviceFileOf } from "../catalog/service.ts";
import {
  applicationsFolder,
  environments,
  serviceFileEnding,
  type Environment,
} from "../config/environments.ts";

export { serviceFileOf };

/** A service in the files of a commit. */
export interface NamedService {
  readonly environment: Environment;
  readonly name: string;
  /** Repository inside the account's registry, such as `idp/localtime`. */
  readonly image: string;
  /** The version that runs. */
  readonly tag: string;
  /** Why its image must not change; undefined while updates go on. */
  readonly hold?: string | undefined;
}

/** Returns whether a path is a service file's. */
export function isServiceFile(path: string): boolean {
  return (
    path.endsWith(serviceFileEnding) &&
    environments.some((environment) => path === serviceFileOf(environment, nameOf(path)))
  );
}

/** Returns the services in the given files, sorted by environment and name. Files that are not valid are left out. */
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
