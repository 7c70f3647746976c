import { environments } from "../config/environments.ts";
import { finding, type Finding } from "./finding.ts";
import type { Catalog } from "./read.ts";
import { serviceFileOf } from "./service.ts";

/**
 * Returns a warning for each service that has not passed through every earlier environment as the same image. These are
 * only warnings, because a service that is being retired leaves the environments one by one.
 */
export function acrossEnvironments(catalogs: readonly Catalog[]): Finding[] {
  const ordered = environments.flatMap(
    (environment) => catalogs.find((catalog) => catalog.environment === environment) ?? [],
  );
  return ordered.flatMap((catalog, index) =>
    catalog.services.flatMap((service) =>
      ordered.slice(0, index).flatMap((earlier): Finding[] => {
        const before = earlier.services.find(({ name }) => name === service.name);
        const place = { file: service.file, line: 1, column: 1 };
        if (!before) {
          const file = serviceFileOf(earlier.environment, service.name);
          return [
            finding(place, {
              rule: "not-promoted",
              level: "warning",
              key: "",
              found: `a service of ${catalog.environment} that ${earlier.environment} does not have`,
              allowed: `should be in ${earlier.environment} too`,
              fix: `add ${file}, or retire the service: git rm ${service.file}`,
            }),
          ];
        }
        if (before.image.name === service.image.name) return [];
        return [
          finding(place, {
            rule: "other-image",
            level: "warning",
            key: "image.repository",
            found: service.image.name,
            allowed: `should be ${before.image.name}, as in ${earlier.environment}: a release is copied under its name`,
            fix: `write repository: ${service.image.host}/${before.image.name}`,
          }),
        ];
      }),
    ),
  );
}
