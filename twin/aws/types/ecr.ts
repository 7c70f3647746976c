import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stateDir } from "../../state/folder.ts";
import { AwsError } from "../errors.ts";
import { isBag, stringAt, valuesAt, type Bag, type Json } from "../properties.ts";
import { arnOf, between, listOf, matching, oneOf, policy, type Rule } from "../rules.ts";
import { arn, textOf, type TypeTable } from "../spec.ts";
import type { ResourceRecord } from "../store.ts";
import type { AwsAccount } from "../account.ts";

const repository = "aws:ecr/repository:Repository";

/** Returns where the twin's registry keeps a repository's images (twin/images/registry.ts), if it has any. */
function storage(account: AwsAccount, name: string): string[] {
  const images = join(stateDir(), "registry", account.id, "images");
  const directory = join(images, "docker/registry/v2/repositories", name);
  return existsSync(join(directory, "_manifests")) ? [directory] : [];
}

function imagesIn(directory: string): number {
  const revisions = join(directory, "_manifests/revisions/sha256");
  return existsSync(revisions) ? readdirSync(revisions).length : 0;
}

/** ECR refuses to delete a repository that still has images, unless it has forceDelete. */
function guardImages(record: ResourceRecord, account: AwsAccount): void {
  if (record.inputs["forceDelete"] === true) return;
  const images = storage(account, record.id).reduce((sum, folder) => sum + imagesIn(folder), 0);
  if (images > 0) {
    throw new AwsError(
      "RepositoryNotEmptyException",
      `The repository with name '${record.id}' in registry with id '${account.id}' cannot be deleted because it still contains images (${images}). Fix: delete them, or set forceDelete`,
    );
  }
}

/** Repositories, their policies, and the registry's scanning configuration. */
export const ecr: TypeTable = {
  [repository]: {
    naming: {
      property: "name",
      max: 256,
      pattern: /^(?=.{2,})(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/,
      auto: true,
    },
    rules: {
      imageTagMutability: oneOf(
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
        "MUTABLE_WITH_EXCLUSION",
      ),
      "encryptionConfigurations.encryptionType": oneOf("AES256", "KMS", "KMS_DSSE"),
      "encryptionConfigurations.kmsKey": arnOf("kms"),
    },
    references: [{ path: "encryptionConfigurations.kmsKey", to: "aws:kms/key:Key" }],
    taken: "RepositoryAlreadyExistsException",
    notFound: "RepositoryNotFoundException",
    replaceOn: ["name", "encryptionConfigurations"],
    tags: true,
    defaults: { imageTagMutability: "MUTABLE" },
    computed: (created) => ({
      arn: arn(created, "ecr", `repository/${created.id}`),
      registryId: created.account.id,
      repositoryUrl: `${created.account.id}.dkr.ecr.${created.account.region}.amazonaws.com/${created.id}`,
    }),
    guard: guardImages,
    release: (record, account) => {
      for (const folder of storage(account, record.id)) rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  },

  "aws:ecr/lifecyclePolicy:LifecyclePolicy": {
    required: ["repository", "policy"],
    documents: ["policy"],
    rules: { policy: lifecyclePolicy },
    references: [{ path: "repository", to: repository }],
    taken: "LifecyclePolicyAlreadyExists",
    replaceOn: ["repository"],
    id: ({ inputs }) => textOf(inputs, "repository"),
    computed: (created) => ({ registryId: created.account.id }),
  },

  "aws:ecr/repositoryPolicy:RepositoryPolicy": {
    required: ["repository", "policy"],
    documents: ["policy"],
    rules: { policy: policy("repository", 10240) },
    references: [{ path: "repository", to: repository }],
    taken: "RepositoryPolicyAlreadyExists",
    replaceOn: ["repository"],
    id: ({ inputs }) => textOf(inputs, "repository"),
    computed: (created) => ({ registryId: created.account.id }),
  },

  "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {
    required: ["scanType"],
    rules: {
      scanType: oneOf("BASIC", "ENHANCED"),
      "rules.scanFrequency": oneOf("SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"),
      "rules.repositoryFilters.filter": matching(
        /^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$/,
        "a repository filter",
      ),
      "rules.repositoryFilters.filterType": oneOf("WILDCARD"),
    },
    crossChecks: (inputs) =>
      inputs["scanType"] === "BASIC" &&
      valuesAt(inputs, "rules.scanFrequency").includes("CONTINUOUS_SCAN")
        ? [["rules", "CONTINUOUS_SCAN needs the scan type ENHANCED"]]
        : [],
    taken: "RegistryScanningConfigurationAlreadyExists",
    id: ({ account }) => account.id,
    computed: (created) => ({ registryId: created.account.id }),
  },
};

/** Accepts an ECR lifecycle policy: its rules have unique priorities and select images in one of the ways that ECR knows. */
function lifecyclePolicy(value: Json): ReturnType<Rule> {
  let document: unknown;
  try {
    document = JSON.parse(typeof value === "string" ? value : "");
  } catch (error) {
    return `contains invalid JSON: ${String(error)}`;
  }
  const rules = isBag(document) ? listOf(document["rules"]) : [];
  if (rules.length === 0) return "there are no rules";
  const priorities = new Set<Json | undefined>();
  for (const [index, rule] of rules.entries()) {
    const problem = isBag(rule) ? lifecycleRule(rule) : "not an object";
    if (problem !== undefined) return `rules[${index}]: ${problem}`;
    const priority = isBag(rule) ? rule["rulePriority"] : undefined;
    if (priorities.has(priority))
      return `rules[${index}]: rulePriority ${JSON.stringify(priority)} is taken`;
    priorities.add(priority);
  }
  return untaggedLast(rules);
}

function lifecycleRule(rule: Bag): string | undefined {
  const strange = Object.keys(rule).filter(
    (key) => !["rulePriority", "description", "selection", "action"].includes(key),
  );
  if (strange.length > 0) return `unknown key ${strange.join(", ")}`;
  const priority = between(1, 2 ** 31 - 1)(rule["rulePriority"] ?? null);
  if (priority !== undefined) return `rulePriority: ${priority}`;
  if (stringAt(rule, "action.type") !== "expire") return 'action.type must be "expire"';
  const selection = rule["selection"];
  if (!isBag(selection)) return "selection is missing";
  const status = selection["tagStatus"];
  const patterns =
    listOf(selection["tagPrefixList"]).length + listOf(selection["tagPatternList"]).length;
  if (status !== "tagged" && status !== "untagged" && status !== "any") {
    return "selection.tagStatus must be tagged, untagged or any";
  }
  if (status === "tagged" && patterns === 0) {
    return "tagStatus tagged needs tagPrefixList or tagPatternList";
  }
  if (status !== "tagged" && patterns > 0) return `tagStatus ${status} does not allow tag patterns`;
  const countType = selection["countType"];
  if (countType === "sinceImagePushed") {
    if (selection["countUnit"] !== "days") return "countType sinceImagePushed needs countUnit days";
  } else if (countType !== "imageCountMoreThan") {
    return "selection.countType must be imageCountMoreThan or sinceImagePushed";
  } else if ("countUnit" in selection) {
    return "countType imageCountMoreThan does not allow countUnit";
  }
  const count = between(1, 2 ** 31 - 1)(selection["countNumber"] ?? null);
  return count === undefined ? undefined : `selection.countNumber: ${count}`;
}

/** A rule for "any" image must have the highest priority number, and there may be only one. */
function untaggedLast(rules: readonly Json[]): string | undefined {
  const numbered = rules.filter(isBag).map((rule) => ({
    any: stringAt(rule, "selection.tagStatus") === "any",
    priority: Number(rule["rulePriority"]),
  }));
  const any = numbered.filter((rule) => rule.any);
  if (any.length > 1) return "only one rule may have tagStatus any";
  const highest = Math.max(...numbered.map((rule) => rule.priority));
  return any.some((rule) => rule.priority !== highest)
    ? "the rule with tagStatus any must have the highest rulePriority"
    : undefined;
}
