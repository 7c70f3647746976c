import { z } from "zod";
import type { Clock } from "../../lib/clock.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import type { Container, Pod } from "./pod.ts";

/** What a projected volume says about the token that it wants. */
export interface TokenRequest {
  readonly audience?: string;
  readonly expirationSeconds?: number;
}

/** What the tokens of a Pod are made with. */
export interface TokenParts {
  readonly api: Pick<KubeApi, "create">;
  readonly clock: Clock;
  /** Ends the renewal. */
  readonly signal: AbortSignal;
  /** Is called after each renewal: the volumes hold the old token. */
  readonly onRenewed: () => void;
  readonly log: (message: string) => void;
}

/** Default of the API. */
const defaultLifeSeconds = 3_600;
/** Part of its life after which a kubelet renews a token. */
const renewalShare = 0.8;
const renewalRetryMs = 10_000;

const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });

/** The service account tokens of one Pod. Each is renewed before it expires. */
export class ServiceAccountTokens {
  readonly #pod: Pod;
  readonly #parts: TokenParts;
  readonly #tokens = new Map<string, string>();

  constructor(pod: Pod, parts: TokenParts) {
    this.#pod = pod;
    this.#parts = parts;
  }

  /** The token for a request; empty before {@link obtain}. */
  get(request: TokenRequest): string {
    return this.#tokens.get(keyOf(request)) ?? "";
  }

  /** Gets the tokens that the container's volumes ask for and that are not here yet. */
  async obtain(container: Container): Promise<void> {
    for (const request of tokenRequests(this.#pod, container)) {
      if (!this.#tokens.has(keyOf(request))) await this.#renew(request);
    }
  }

  async #renew(request: TokenRequest): Promise<void> {
    const { metadata, spec } = this.#pod;
    const { namespace, name, uid } = metadata;
    const { audience, expirationSeconds = defaultLifeSeconds } = request;
    const answer = await this.#parts.api.create(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          expirationSeconds,
          ...(audience === undefined ? {} : { audiences: [audience] }),
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
        },
      },
    );
    this.#tokens.set(keyOf(request), TokenAnswer.parse(answer).status.token);
    void this.#renewAfter(expirationSeconds * renewalShare * 1000, request);
  }

  /** An API server that does not answer is asked again until it does. */
  async #renewAfter(ms: number, request: TokenRequest): Promise<void> {
    const { clock, signal, onRenewed, log } = this.#parts;
    for (let waitMs = ms; await clock.sleep(waitMs, signal); waitMs = renewalRetryMs) {
      try {
        await this.#renew(request);
        onRenewed();
        return;
      } catch (error) {
        log(`token not renewed: ${String(error)}`);
      }
    }
  }
}

function tokenRequests({ spec }: Pod, { volumeMounts = [] }: Container): TokenRequest[] {
  const mounted = new Set(volumeMounts.map(({ name }) => name));
  return spec.volumes
    .filter(({ name }) => mounted.has(name))
    .flatMap(({ projected }) => projected?.sources ?? [])
    .flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
}

function keyOf({ audience = "", expirationSeconds = 0 }: TokenRequest): string {
  return `${expirationSeconds} ${audience}`;
}
