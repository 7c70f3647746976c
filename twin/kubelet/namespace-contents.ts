import type { Clock } from "../../lib/clock.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import { ConfigMap, Secret } from "./pod.ts";
import type { Content, Sources } from "./pod.ts";
import { Reflector } from "./reflector.ts";

/** What a namespace's ConfigMaps and Secrets hold now. */
export type Contents = Pick<Sources, "configMap" | "secret">;

/** Where contents come from, and whom their changes are told. */
export interface ContentsParts {
  readonly api: Pick<KubeApi, "get" | "watch">;
  readonly clock: Clock;
  /** Ends the watches. */
  readonly signal: AbortSignal;
  /** A ConfigMap or Secret of the namespace has changed. */
  readonly onChange: (namespace: string) => void;
}

/** Copies of ConfigMaps and Secrets. A namespace is watched from its first Pod on. */
export class NamespaceContents {
  readonly #parts: ContentsParts;
  readonly #namespaces = new Map<string, Promise<Contents>>();

  constructor(parts: ContentsParts) {
    this.#parts = parts;
  }

  /** The contents of a namespace; resolves when the copies are complete. */
  of(namespace: string): Promise<Contents> {
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const followed = this.#follow(namespace);
    this.#namespaces.set(namespace, followed);
    return followed;
  }

  async #follow(namespace: string): Promise<Contents> {
    const { api, clock, signal, onChange } = this.#parts;
    const onAny = (): void => {
      onChange(namespace);
    };
    const shared = { api, clock, signal, onChange: onAny, onGone: onAny };
    const path = `/api/v1/namespaces/${namespace}`;
    const configMaps = new Reflector({
      ...shared,
      path: `${path}/configmaps`,
      schema: ConfigMap,
    });
    const secrets = new Reflector({ ...shared, path: `${path}/secrets`, schema: Secret });
    await Promise.all([configMaps.ready, secrets.ready]);
    return {
      configMap: (name) => {
        const found = configMaps.get(`${namespace}/${name}`);
        return found && content([found.data, "utf8"], [found.binaryData, "base64"]);
      },
      secret: (name) => {
        const found = secrets.get(`${namespace}/${name}`);
        return found && content([found.data, "base64"]);
      },
    };
  }
}

function content(
  ...parts: readonly (readonly [Readonly<Record<string, string>>, "utf8" | "base64"])[]
): Content {
  return new Map(
    parts.flatMap(([data, encoding]) =>
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding)] as const),
    ),
  );
}
