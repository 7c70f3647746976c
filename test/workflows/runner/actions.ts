import { cpSync, existsSync, globSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { git } from "./origin.ts";
import type { Event } from "./events.ts";

/**
 * Stand-ins for the actions of others. Each checks its inputs against what its page documents, as the pinned version has
 * them: an input that it does not know is a failure here, where GitHub only warns. What it then does is said beside it.
 */

/** What a stand-in sees of its job. */
export interface JobWorld {
  readonly event: Event;
  /** The repository that checkout fetches from. */
  readonly origin: string;
  /** Where the job works. */
  readonly workspace: string;
  readonly home: string;
  /** Folder of the run's artifacts, one folder each. */
  readonly artifacts: string;
  /** Folder of the caches, which outlive the run. */
  readonly caches: string;
  readonly permissions: Readonly<Record<string, string>>;
  /** Longest session, in seconds, that AWS gives for the role; what it is called here is its ARN. */
  readonly longestSession: number;
  readonly env: Readonly<Record<string, string>>;
}

/** What an action leaves behind. */
export interface Left {
  readonly env?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  /** Runs at the job's end, if all of it succeeded. */
  readonly afterSuccess?: () => void;
  /** A command that the action runs; it fails with it. */
  readonly command?: readonly string[];
}

type Inputs = Readonly<Record<string, string>>;
type Play = (inputs: Inputs, world: JobWorld) => Left;

/** An action with these inputs, all of them text. */
function action<Shape extends z.ZodRawShape>(
  shape: Shape,
  play: (inputs: z.infer<z.ZodObject<Shape>>, world: JobWorld) => Left,
): Play {
  const Schema = z.strictObject(shape);
  return (inputs, world) => play(Schema.parse(inputs), world);
}

const text = z.string().optional();
const flag = z.enum(["true", "false"]);

function demand(world: JobWorld, scope: string, access: string, words: string): void {
  const has = world.permissions[scope];
  if (has !== "write" && has !== access) throw new Error(words);
}

const cacheInputs = { path: z.string(), key: z.string().min(1) };
const restoreInputs = { ...cacheInputs, "restore-keys": text };

/** `cache-hit` is true for the key itself alone, not for a cache that only begins like a restore key. */
function restore(
  { path, key, "restore-keys": like }: { path: string; key: string; "restore-keys"?: string },
  { home, caches }: JobWorld,
): Left {
  const there = existsSync(caches) ? readdirSync(caches) : [];
  const kept =
    there.find((name) => name === encodeURIComponent(key)) ??
    there.find((name) => like !== undefined && name.startsWith(encodeURIComponent(like)));
  if (kept === undefined) return { outputs: { "cache-hit": "" } };
  cpSync(join(caches, kept), path.replace("~", home), { recursive: true });
  return { outputs: { "cache-hit": String(kept === encodeURIComponent(key)) } };
}

function save({ path, key }: { path: string; key: string }, { home, caches }: JobWorld): void {
  const from = path.replace("~", home);
  // A missing path is a warning, and a key that is there stays as it is.
  if (existsSync(from) && !existsSync(join(caches, encodeURIComponent(key)))) {
    cpSync(from, join(caches, encodeURIComponent(key)), { recursive: true });
  }
}

export const actions: Readonly<Record<string, Play>> = {
  // Fetches the refs that the action's own ref-helper names: one commit, or with depth 0 all branches and tags.
  "actions/checkout": action(
    { ref: text, "fetch-depth": z.string().default("1"), "persist-credentials": flag.optional() },
    ({ ref: wanted, "fetch-depth": depth }, world) => {
      demand(world, "contents", "read", "repository not found: the job has no `contents: read`");
      const { workspace, origin, event } = world;
      const [ref, commit] = wanted === undefined ? [event.ref, event.sha] : ["", wanted];
      const [, kind = "", name = ""] = /^refs\/(heads|pull|tags)\/(.*)$/.exec(ref) ?? [];
      const target = {
        heads: `refs/remotes/origin/${name}`,
        pull: `refs/remotes/pull/${name}`,
        tags: ref,
      }[kind];
      const one = target === undefined ? commit : `+${commit}:${target}`;
      const all = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
      const specs = depth === "0" ? [...all, ...(kind === "pull" ? [one] : [])] : [one];
      for (const found of readdirSync(workspace))
        rmSync(join(workspace, found), { recursive: true });
      git(workspace, "init", "--quiet");
      git(workspace, "config", "core.fsync", "none");
      git(workspace, "remote", "add", "origin", `file://${origin}`);
      const limit = depth === "0" ? [] : [`--depth=${depth}`];
      git(workspace, "fetch", "--quiet", "--no-tags", "--prune", ...limit, "origin", ...specs);
      if (kind === "heads")
        git(workspace, "checkout", "--quiet", "--force", "-B", name, target ?? "");
      else git(workspace, "checkout", "--quiet", "--force", "--detach", target ?? commit);
      return {};
    },
  ),
  // The Node of this machine stands for the one it installs.
  "actions/setup-node": action(
    { "node-version": z.string(), "package-manager-cache": flag.optional() },
    () => ({}),
  ),
  "actions/setup-go": action({ "go-version": z.string(), cache: flag.optional() }, () => ({})),
  // Saves in its last step, which GitHub runs only if the job succeeded.
  "actions/cache": action(restoreInputs, (inputs, world) => {
    const left = restore(inputs, world);
    return {
      ...left,
      afterSuccess: () => {
        save(inputs, world);
      },
    };
  }),
  "actions/cache/restore": action(restoreInputs, restore),
  "actions/cache/save": action(cacheInputs, (inputs, world) => {
    save(inputs, world);
    return {};
  }),
  // Keeps the files that the pattern names, below the last folder without a `*`.
  "actions/upload-artifact": action(
    {
      name: z.string(),
      path: z.string(),
      "if-no-files-found": z.enum(["warn", "error", "ignore"]).default("warn"),
      "retention-days": text,
      "compression-level": text,
    },
    ({ name, path, "if-no-files-found": missing }, { workspace, artifacts }) => {
      const found = globSync(path, { cwd: workspace });
      if (found.length === 0 && missing === "error") {
        throw new Error(`No files were found with the provided path: ${path}.`);
      }
      for (const file of found) {
        const to = join(
          artifacts,
          name,
          statSync(join(workspace, file)).isDirectory() ? "" : basename(file),
        );
        mkdirSync(dirname(to), { recursive: true });
        cpSync(join(workspace, file), to, { recursive: true });
      }
      return {};
    },
  ),
  // A name that is missing is an error; a pattern without a match is none.
  "actions/download-artifact": action(
    {
      name: text,
      pattern: text,
      path: z.string().default("."),
      "merge-multiple": flag.default("false"),
    },
    ({ name, pattern, path, "merge-multiple": merge }, { workspace, artifacts }) => {
      const there = existsSync(artifacts)
        ? globSync(name ?? pattern ?? "*", { cwd: artifacts })
        : [];
      if (name !== undefined && there.length === 0)
        throw new Error(`Artifact not found for name: ${name}`);
      for (const found of there) {
        const to = join(workspace, path, name !== undefined || merge === "true" ? "" : found);
        cpSync(join(artifacts, found), to, { recursive: true });
      }
      return {};
    },
  ),
  // Gives keys, or a profile in a file, for a role's name; AWS's own judgement is in trust.test.ts.
  "aws-actions/configure-aws-credentials": action(
    {
      "role-to-assume": text,
      "aws-region": z.string().min(1, "Input required and not supplied: aws-region"),
      "role-session-name": text,
      "role-duration-seconds": z.coerce.number().min(900).default(3600),
      "aws-profile": text,
      "inline-session-policy": text,
    },
    (inputs, world) => {
      if (!inputs["role-to-assume"]) {
        throw new Error(
          "Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers",
        );
      }
      demand(
        world,
        "id-token",
        "write",
        "It looks like you might be trying to authenticate with OIDC. Did you mean to set the `id-token` permission?",
      );
      if (inputs["role-duration-seconds"] > world.longestSession) {
        throw new Error(
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        );
      }
      const region = { AWS_REGION: inputs["aws-region"], AWS_DEFAULT_REGION: inputs["aws-region"] };
      if (inputs["aws-profile"] !== undefined) return { env: region };
      return {
        env: {
          ...region,
          AWS_ACCESS_KEY_ID: inputs["role-to-assume"],
          AWS_SECRET_ACCESS_KEY: "x",
          AWS_SESSION_TOKEN: "x",
        },
      };
    },
  ),
  "aws-actions/amazon-ecr-login": action({}, ({}, { env }) => {
    if (!env["AWS_ACCESS_KEY_ID"]) throw new Error("Credentials could not be loaded");
    return {
      outputs: { registry: `111111111111.dkr.ecr.${env["AWS_REGION"] ?? ""}.amazonaws.com` },
    };
  }),
  // Installs the CLI; with a command it runs it.
  "pulumi/actions": action(
    {
      command: text,
      "stack-name": text,
      "cloud-url": text,
      "pulumi-version": z.string(),
      policyPacks: text,
      exclude: text,
      "comment-on-summary": flag.optional(),
      "always-include-summary": flag.optional(),
      "suppress-progress": flag.optional(),
    },
    ({ command, "cloud-url": url }) => ({
      ...(url === undefined ? {} : { env: { PULUMI_BACKEND_URL: url } }),
      ...(command === undefined ? {} : { command: ["pulumi", command] }),
    }),
  ),
  "pulumi/auth-actions": action(
    {
      organization: z.string().min(1),
      "requested-token-type": z.enum([
        "urn:pulumi:token-type:access_token:organization",
        "urn:pulumi:token-type:access_token:team",
        "urn:pulumi:token-type:access_token:personal",
      ]),
      scope: text,
    },
    (_, world) => {
      demand(world, "id-token", "write", "Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable");
      return { env: { PULUMI_ACCESS_TOKEN: "pul-played" } };
    },
  ),
  "docker/setup-buildx-action": action({ "driver-opts": text }, () => ({})),
  // Builds nothing, and says that it did.
  "docker/build-push-action": action(
    {
      context: text,
      file: text,
      platforms: text,
      tags: text,
      push: flag.optional(),
      provenance: text,
      sbom: text,
      labels: text,
    },
    () => ({ outputs: { digest: `sha256:${"0".repeat(64)}` } }),
  ),
  "sigstore/cosign-installer": action({ "cosign-release": text }, () => ({})),
};
