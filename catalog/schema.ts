import { z } from "zod";
import type { Settings } from "../config/schema.ts";

/** How an environment's images change; decides which tags its service files may have. */
export type ImageStrategy = Settings["images"]["strategy"];

/** An environment's rules for its service files, beyond their shape. */
export interface CatalogRules {
  /** Host of the environment's registry, the only one that it pulls from. */
  readonly registryHost: string;
  readonly strategy: ImageStrategy;
  /** Domain that host names must be in. @default any */
  readonly domain?: string | undefined;
}

/** Sizes of a service. helm-charts/standard-service/sizes.yaml defines them. */
export const sizes = ["small", "medium", "large"] as const;
/** One of {@link sizes}. */
export type Size = (typeof sizes)[number];

// No lookaheads in these patterns: Helm checks them too, and Go's regular expressions do not have them.
const build = /^sha-[0-9a-f]{7}$/;
const release = /^v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$/;
const anyTag = new RegExp(`${build.source}|${release.source}`);

/** Patterns of the tags that each kind of image has: the schema's, the release workflow's and Image Updater's. */
export const tagPatterns = { build: build.source, release: release.source } as const;

const tagOf: Readonly<Record<ImageStrategy, TagRule>> = {
  "newest-build": {
    pattern: build,
    allowed: "must be sha-<7 hex digits> here: this environment runs builds",
    example: "sha-3f2a9c1",
  },
  semver: {
    pattern: release,
    allowed: "must be v<major>.<minor>.<patch> here: this environment runs releases",
    example: "v1.2.3",
  },
  pinned: {
    pattern: release,
    allowed: "must be v<major>.<minor>.<patch> here: this environment runs releases",
    example: "v1.2.3",
  },
};

interface TagRule {
  readonly pattern: RegExp;
  readonly allowed: string;
  readonly example: string;
}

/** A complete service file, used as the example in docs/services.md and for the examples in findings' fixes. */
export const example = {
  image: {
    repository: "123456789012.dkr.ecr.us-west-2.amazonaws.com/idp/localtime",
    tag: "sha-3f2a9c1",
  },
  port: 8080,
  resources: "small",
  replicas: { min: 2, max: 6 },
  health: { live: "/health", ready: "/ready" },
  ingress: { host: "time.example.com", path: "/" },
  env: { LOG_LEVEL: "info" },
  hold: { tag: "sha-3f2a9c1", reason: "the next one fails at month's end, see the incident" },
} as const satisfies z.input<typeof ServiceFile>;

/** Text that matches a pattern; `allowed` is the message for every fault, a wrong type included. */
const text = (pattern: RegExp, allowed: string) =>
  z.string({ error: allowed }).regex(pattern, { error: allowed, abort: true });

const wholeNumber = (min: number, max: number, allowed: string) =>
  z.int({ error: allowed }).min(min, { error: allowed }).max(max, { error: allowed });

const map = "must be a map";
const holdReason = text(
  // With the flag u a character is a character, as in Helm's pattern, not half of an emoji.
  /^\S.{0,199}$/u,
  "must be a reason: one line of text, at most 200 characters",
);
const path = text(/^\/[A-Za-z0-9._~\/-]*$/, "must be a path such as /health, beginning with /");
/** A part of a path that is not empty, `.` or `..`: the API server refuses an Ingress with those. */
const part = /(\.?[A-Za-z0-9_~-]|\.\.[A-Za-z0-9._~-])[A-Za-z0-9._~-]*/.source;
const ingressPath = path.regex(new RegExp(`^/(${part}(/${part})*/?)?$`), {
  error: "must be a path without the parts //, /./ and /../, which the API server refuses",
});
/** DNS allows 63 characters between two dots; an Ingress may not have an IP address, which ends in a number. */
const label = /[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?/.source;
const lastLabel = /[a-z]([a-z0-9-]{0,61}[a-z0-9])?/.source;
const replicaCount = wholeNumber(1, 50, "must be a whole number from 1 to 50");

/**
 * Returns the schema of a service file. Without rules it holds what every environment requires, as values.schema.json
 * does. With an environment's rules it also checks the registry and the tags.
 *
 * The parsed value is the file with its defaults filled in, plus `tag`, the version that runs.
 */
export function serviceFile(rules?: CatalogRules) {
  return fields(rules).transform((file) => ({ ...file, tag: file.hold?.tag ?? file.image.tag }));
}

function fields(rules: CatalogRules | undefined) {
  return z.strictObject(
    {
      image: z.strictObject({ repository: repository(rules), tag: tag(rules) }, { error: map }),
      port: wholeNumber(
        1024,
        65535,
        "must be the port the container listens on, 1024 to 65535",
      ).describe("Port the container listens on, and the Service's port."),
      resources: z
        .enum(sizes, { error: `must be one of ${sizes.join(", ")}` })
        .describe("CPU and memory of one replica, by name."),
      replicas: z
        .union(
          [
            replicaCount,
            z
              .strictObject({ min: replicaCount, max: replicaCount })
              // JSON Schema compares a value only with constants: values.schema.json cannot express this. The chart's
              // helper "service.replicas" repeats it, and turns a number into min and max as catalog/service.ts does,
              // because Argo CD renders files without this program.
              .refine(({ min, max }) => min <= max, {
                path: ["max"],
                error: "must not be less than min",
              }),
          ],
          { error: "must be a whole number from 1 to 50, or a map of min and max" },
        )
        .describe("How many run: a number, or min and max to scale with CPU use."),
      health: z
        .strictObject(
          {
            live: path.default("/health").describe("Answers 2xx while the process is of use."),
            ready: path.default("/ready").describe("Answers 2xx while it can take requests."),
          },
          { error: map },
        )
        .prefault({})
        .describe("Paths of the probes, answered on the port."),
      ingress: z
        .strictObject(
          {
            path: ingressPath.describe("Requests below this path reach the service."),
            host: host(rules).optional().describe("Host name it answers to; left out, any."),
          },
          { error: map },
        )
        .optional()
        .describe("A load balancer of the service's own, inside the VPC. Left out: none."),
      env: z
        .record(
          text(/^[A-Z][A-Z0-9_]*$/, "must be a name of capitals, digits and underscores"),
          z.string({ error: "must be text" }),
          { error: map },
        )
        .default({})
        .describe("Environment variables. Readable by everyone who reads git: no secrets."),
      hold: z
        .strictObject(
          {
            tag: tag(rules).describe("The version that runs, whatever image.tag says."),
            reason: holdReason.describe("Why it must stay."),
          },
          { error: "must be a map of tag and reason" },
        )
        .optional()
        .describe("Keeps the image as it is. While it is here, no image update is written."),
    },
    { error: map },
  );
}

/** The rules that hold for a service file in every environment. */
export const ServiceFile = serviceFile();
export type ServiceFile = z.infer<typeof ServiceFile>;

function repository(rules: CatalogRules | undefined) {
  const shape = text(
    /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?\/[a-z0-9]+([._\/-][a-z0-9]+)*$/,
    rules
      ? `must be an image repository in this environment's registry, ${rules.registryHost}/<name>`
      : "must be <account>.dkr.ecr.<region>.amazonaws.com/<name>",
  ).describe("The image, without its tag, in the environment's own ECR.");
  if (!rules) return shape;
  return shape.superRefine((found, context) => {
    if (imageOf(found).host === rules.registryHost) return;
    context.addIssue({
      code: "custom",
      message: `must be in this environment's own registry, ${rules.registryHost}`,
      params: { example: `${rules.registryHost}/${imageOf(found).name}` },
    });
  });
}

function host(rules: CatalogRules | undefined) {
  const allowed =
    "must be a host name such as time.example.com: at most 253 characters, 63 between two dots, no IP address";
  const shape = text(new RegExp(`^(${label}\\.)+${lastLabel}$`), allowed).max(253, {
    error: allowed,
  });
  const domain = rules?.domain;
  if (domain === undefined) return shape;
  return shape.refine((found) => found.endsWith(`.${domain}`), {
    error: `must be a name in this environment's domain, such as time.${domain}`,
    params: { example: `time.${domain}` },
  });
}

function tag(rules: CatalogRules | undefined) {
  const shape = rules
    ? text(tagOf[rules.strategy].pattern, tagOf[rules.strategy].allowed)
    : text(anyTag, "must be sha-<7 hex digits> or v<major>.<minor>.<patch>");
  return shape.describe("The version that runs: a build (sha-3f2a9c1) or a release (v1.2.3).");
}

/** Returns an example of a tag that the strategy allows, for a message. */
export function exampleTag(strategy: ImageStrategy): string {
  return tagOf[strategy].example;
}

/** Returns whether `text` is a release's version, `v<major>.<minor>.<patch>`. */
export function isRelease(text: string): boolean {
  return release.test(text);
}

/** Returns whether `text` is a build's tag, `sha-<7 hex digits>`. */
export function isBuild(text: string): boolean {
  return build.test(text);
}

/** Returns whether `text` is a tag that some environment allows. */
export function isImageTag(text: string): boolean {
  return anyTag.test(text);
}

/** Splits an image repository such as `host/idp/localtime` into host and name. */
export function imageOf(repository: string): { host: string; name: string } {
  const slash = repository.indexOf("/");
  return { host: repository.slice(0, slash), name: repository.slice(slash + 1) };
}

/** Control characters, line separators, lone surrogates, what is no character, and what turns the direction of text. */
const unprintable =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\uFEFF\uFFFD\u202a-\u202e\u2066-\u2069]/u;

/** Returns whether `text` can be the reason for a hold that a command writes: one that every reader can read and print. */
export function isHoldReason(text: string): boolean {
  return holdReason.safeParse(text).success && !unprintable.test(text);
}
