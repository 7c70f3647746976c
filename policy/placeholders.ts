import { withoutIds } from "../lib/github-address.ts";
import type { Context, Resource } from "./rule.ts";
import { textOf } from "./values.ts";

/** One part of a text that differs between stacks, and what stands for it in policy/allowed. */
type Placeholder = readonly [pattern: RegExp, text: string];

/** What writes a text as every stack would have it. */
export type Generalise = (text: string) => string;

/** What of a stack differs from others. */
export type Stack = Pick<Context, "environment" | "settings" | "registryHost">;

/**
 * Writes the texts of a resource as every stack has them: what its settings say becomes a placeholder, and so does what
 * AWS and the engine make up. What the settings do not say stays as it is, such as another account's number.
 */
export function generaliseFor(resource: Pick<Resource, "type" | "name">, stack: Stack): Generalise {
  const placeholders = [
    ...ofPublisher(resource, stack),
    ...ofAccess(resource, stack),
    ...ofStack(stack),
    ...madeUp,
  ];
  return (text) =>
    placeholders.reduce((result, [pattern, replacement]) => {
      return result.replaceAll(pattern, replacement);
    }, text);
}

/** A resource's own name as every stack has it. */
export function generalName({ type, name }: Pick<Resource, "type" | "name">, stack: Stack): string {
  return ofImage.includes(type) && imageName.test(name)
    ? "<image>"
    : generaliseFor({ type, name }, stack)(name);
}

/** Types of which there is one for each image, of its name. */
const ofImage = ["aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"];
const imageName = /^[a-z0-9]+([._/-][a-z0-9]+)*$/;

/** What AWS, the engine and the catalog decide. */
const madeUp: readonly Placeholder[] = [
  [/(?<=:repository\/|<registry>\/)[a-z0-9]+([._/-][a-z0-9]+)*(?![\w/*-])/g, "<image>"],
  [/(?<=:key\/)[\w-]+/g, "<key>"],
  [/(?<![\w-])(subnet|sg)-[\w-]+/g, "<$1>"],
  // Behind the name of a resource, to make one that is free.
  [/(?<=\w)-[0-9a-f]{7}(?![\w-])/g, ""],
  // Of a provider that the engine makes for a package.
  [/(?<=^default_)\d+(_\d+)*$/g, "<version>"],
];

function ofStack({ environment, settings, registryHost }: Stack): Placeholder[] {
  const { aws, repository, images, github, cluster } = settings;
  const { stateBackend, runner } = github;
  return [
    ...whole(repository.url, "<repository url>"),
    ...whole(images.registryApiUrl, "https://<registry>"),
    ...whole(registryHost, "<registry>"),
    ...[github.repository, github.formerly].flatMap((name) => ofRepository(name, "<repository>")),
    [/https:\/\/github\.com\/<repository>/g, "<repository url>"],
    ...whole(stateBackend?.keyArn, "<state key>"),
    ...whole(stateBackend?.bucket, "<state bucket>"),
    ...whole(runner?.connectionArn, "<connection>"),
    ...whole(aws.accountId, "<account>"),
    ...whole(aws.region, "<region>"),
    ...(cluster.publicAccessCidrs ?? []).map((cidr) => alone(cidr, "<public access cidr>")),
    [/^arn:aws[\w-]+(?=:)/g, "arn:aws"],
    ...(repository.branch === undefined
      ? []
      : [
          [new RegExp(`(?<=refs/heads/)${escaped(repository.branch)}$`, "g"), "<branch>"] as const,
          alone(repository.branch, "<branch>"),
        ]),
    alone(environment, "<environment>"),
    [
      new RegExp(`(?<=idp-|environment:|applications/|services of )${environment}(?!\\w)`, "g"),
      "<environment>",
    ],
  ];
}

const publishes = "idp-github-publish-";

/** Of the role that pushes an image: its image and its repository, and no other publisher's. */
function ofPublisher({ name }: Pick<Resource, "name">, { settings }: Stack): Placeholder[] {
  const publisher = (settings.github.publishers ?? []).find(
    ({ image }) => name === `${publishes}${image.replaceAll("/", "-")}`,
  );
  if (!publisher) return [];
  const { image, repository, formerly, branch = "main" } = publisher;
  return [
    [
      new RegExp(`(?<![\\w-])${escaped(name)}(-[0-9a-f]{7})?(?![\\w-])`, "g"),
      `${publishes}<image>`,
    ],
    [new RegExp(`(?<=:repository/)${escaped(image)}$`, "g"), "<own image>"],
    ...[repository, formerly].flatMap((one) =>
      one === undefined
        ? []
        : [[new RegExp(`(?<=^repo:)${escaped(one)}(?=:)`, "g"), "<publisher>"] as const],
    ),
    [new RegExp(`^refs/heads/${escaped(branch)}$`, "g"), "refs/heads/<publisher branch>"],
    ...(settings.github.workflowRefs ?? []).map(
      (ref) => [new RegExp(`(?<=@)${escaped(ref)}$`, "g"), "refs/heads/<branch>"] as const,
    ),
  ];
}

/** Of an access entry of the settings, with its policies: who gets in, and where. */
function ofAccess({ type, name }: Pick<Resource, "type" | "name">, stack: Stack): Placeholder[] {
  if (!type.startsWith("aws:eks/access")) return [];
  const { cluster, aws } = stack.settings;
  const entry = (cluster.access ?? []).find(
    (one) => name === entryName(one.name) || name === `${entryName(one.name)}-${one.level}`,
  );
  if (!entry) return [];
  // A principal of another account stays as it is.
  const isOwn = entry.principalArn.split(":")[4] === aws.accountId;
  return [
    [new RegExp(`(?<=^idp-cluster-)${escaped(entry.name)}(?=$|-${entry.level}$)`, "g"), "<access>"],
    ...(isOwn ? [alone(entry.principalArn, "<principal>")] : []),
    ...(entry.namespaces ?? []).map((namespace) => alone(namespace, "<namespace>")),
  ];
}

function entryName(name: string): string {
  return `idp-cluster-${name}`;
}

/** A repository as tokens name it, and as addresses do. */
function ofRepository(name: string | undefined, text: string): Placeholder[] {
  return name === undefined ? [] : [...whole(name, text), ...whole(withoutIds(name), text)];
}

/** A text of the settings wherever it stands, but not as a part of a longer word. */
function whole(value: string | undefined, text: string): Placeholder[] {
  return textOf(value) === ""
    ? []
    : [[new RegExp(`(?<![\\w-])${escaped(textOf(value))}(?![\\w-])`, "g"), text]];
}

/** A text of the settings where nothing else stands beside it. */
function alone(value: string, text: string): Placeholder {
  return [new RegExp(`^${escaped(value)}$`, "g"), text];
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
