import type { Environment } from "../config/environments.ts";
import type { Reviewer, Wanted, WantedVariable } from "./setting.ts";
import {
  publishVariable,
  serviceVariables,
  sharedVariables,
  variablesOf,
  type Source,
} from "./variables.ts";
import { platformEnvironments, serviceEnvironments } from "./wanted.ts";

/** What the repository's variables are made of: a stack's settings and outputs. */
export interface StackFacts {
  readonly environment: Environment;
  /** Whether the stack has an account. Until then it needs no variables. */
  readonly isDecided: boolean;
  readonly region: string;
  /** Whether the cluster's API answers in the VPC only, where GitHub's own runners are not. */
  readonly isPrivate: boolean;
  /** Address of the bucket in which the stack is kept; undefined for Pulumi Cloud. */
  readonly backend: string | undefined;
  /** Outputs of the stack that are text, by name; undefined if there are none, or they cannot be read. */
  readonly outputs: Readonly<Record<string, string>> | undefined;
  /** ARN of each publisher's role, by its image. */
  readonly publishRoles: Readonly<Record<string, string>>;
}

interface Choices {
  readonly reviewers: readonly Reviewer[];
  readonly updaterApp: number | undefined;
}

/** Returns what the platform's repository needs. */
export function platformNeeds(
  branch: string,
  stacks: readonly StackFacts[],
  choices: Choices,
): Wanted {
  return {
    kind: "platform",
    branch,
    environments: platformEnvironments(branch),
    ...choices,
    variables: [
      ...stacks
        .filter(({ isDecided }) => isDecided)
        .map(
          (stack) =>
            [
              stack.environment,
              variablesOf(stack.environment).map(({ name, source }) =>
                wanted(name, source, stack, undefined),
              ),
            ] as const,
        ),
      [
        "repository",
        Object.keys(sharedVariables).map((name): WantedVariable => ({
          name,
          value: undefined,
          why: "may",
        })),
      ],
    ],
    environmentVariables: {},
  };
}

/**
 * Returns what a service's repository needs.
 * @param branch its default branch
 * @param image the image that it publishes
 * @param roleVariable what its call of the workflows gives as `role-variable`
 */
export function serviceNeeds(
  branch: string,
  image: string,
  stacks: readonly StackFacts[],
  roleVariable: string = publishVariable,
): Wanted {
  return {
    kind: "service",
    branch,
    environments: serviceEnvironments(branch),
    reviewers: [],
    updaterApp: undefined,
    variables: [],
    environmentVariables: Object.fromEntries(
      stacks
        .filter(({ isDecided }) => isDecided)
        .map((stack) => [
          stack.environment,
          Object.entries(serviceVariables).map(([name, source]) =>
            wanted(source.from === "publisher" ? roleVariable : name, source, stack, image),
          ),
        ]),
    ),
  };
}

function wanted(
  name: string,
  source: Source,
  { region, isPrivate, backend, outputs, publishRoles }: StackFacts,
  image: string | undefined,
): WantedVariable {
  switch (source.from) {
    case "region":
      return { name, value: region };
    case "backend":
      return backend === undefined
        ? { name, value: undefined, why: "may" }
        : { name, value: backend };
    case "runner": {
      const label = outputs?.["runnerLabel"];
      return label === undefined
        ? { name, value: label, why: isPrivate ? "must" : "may" }
        : { name, value: label };
    }
    case "person":
      return { name, value: undefined, why: "may" };
    case "output":
      return orLater(name, outputs?.[source.output]);
    case "publisher":
      return orLater(name, image === undefined ? undefined : publishRoles[image]);
  }
}

const orLater = (name: string, value: string | undefined): WantedVariable =>
  value === undefined ? { name, value, why: "later" } : { name, value };
