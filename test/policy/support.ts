import { mainBranch } from "../../config/main-branch.ts";
import { expect } from "chai";
import { committed, type Committed } from "../../config/committed.ts";
import { evaluate, type Subject } from "../../policy/evaluate.ts";
import { everywhere, type Context, type Face, type Faces, type Rule } from "../../policy/rule.ts";
import type { Step } from "../../policy/values.ts";

/** What the rules know of prod in these tests. */
export const prod: Context = {
  environment: "prod",
  accountId: "100000000003",
  registryHost: "100000000003.dkr.ecr.us-west-2.amazonaws.com",
  repositoryUrl: "https://github.com/acme/idp",
  branch: mainBranch,
  settings: settings({
    aws: { accountId: "100000000003", region: "us-west-2" },
    repository: { url: "https://github.com/acme/idp", branch: mainBranch },
  }),
};

/** One change of the compliant subject, and the exact sentences that the rule then says. */
export interface Case {
  readonly title: string;
  readonly at: readonly Step[];
  /** Undefined takes the key away. */
  readonly value: unknown;
  readonly expected: readonly string[];
  readonly context?: Partial<Context>;
}

/** What a rule says of a subject, as people read it, whatever its level. */
function verdict<F extends Face>(
  rule: Rule,
  face: F,
  value: Faces[F],
  context: Context = prod,
): string[] {
  if (!rule[face]) throw new Error(`${rule.name} does not look at a ${face}`);
  return evaluate(
    [{ ...rule, levels: everywhere }],
    [subject(face, value)],
    context,
    [],
    new Date(),
  ).map(({ message }) => message);
}

/** A subject that is called `it`. */
function subject<F extends Face>(face: F, value: Faces[F]): Subject<F> {
  return { face, value, where: "it", at: () => ({ seen: "plan" }) };
}

/** A stack's settings, as the rules know them. */
export function settings(groups: Readonly<Record<string, unknown>>): Committed {
  return committed({ settings: groups });
}

/** Tests of one face of a rule: it accepts what is compliant, and says exactly what each change breaks. */
export function describeRule<F extends Face>(
  rule: Rule,
  face: F,
  compliant: Faces[F],
  cases: readonly Case[],
): void {
  describe(`${rule.name}: ${face}`, () => {
    it("accepts what is compliant", () => {
      expect(verdict(rule, face, compliant)).to.deep.equal([]);
    });
    for (const { title, at, value, expected, context } of cases) {
      it(title, () => {
        const subject = changed(compliant, at, value) as Faces[F];
        expect(verdict(rule, face, subject, { ...prod, ...context })).to.deep.equal(expected);
      });
    }
  });
}

/** A copy with one value put in, the maps on the way made where they are missing; undefined takes a key away. */
function changed(subject: unknown, path: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(subject) && typeof step === "number") {
    const copy: unknown[] = [...(subject as unknown[])];
    copy[step] = changed(copy[step], rest, value);
    return copy;
  }
  const map: Record<string, unknown> =
    typeof subject === "object" && subject !== null ? { ...subject } : {};
  const inner = changed(map[step], rest, value);
  if (inner !== undefined) return { ...map, [step]: inner };
  return Object.fromEntries(Object.entries(map).filter(([key]) => key !== String(step)));
}

/** A resource of a plan. */
export function resource(type: string, props: Readonly<Record<string, unknown>>, protect = false) {
  return { type, name: "it", props, protect };
}

/** A Deployment as the standard chart renders it, as far as the rules look at it. */
export const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "time-service" },
  spec: {
    replicas: 3,
    template: {
      spec: {
        securityContext: { runAsNonRoot: true, runAsUser: 65532 },
        containers: [
          {
            name: "time-service",
            image: "100000000003.dkr.ecr.us-west-2.amazonaws.com/idp/localtime:v1.0.0",
            resources: {
              requests: { cpu: "100m", memory: "128Mi" },
              limits: { memory: "128Mi" },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ["ALL"] },
            },
            readinessProbe: { httpGet: { path: "/ready" } },
            livenessProbe: { httpGet: { path: "/health" } },
          },
        ],
      },
    },
  },
};

/** The way to the Deployment's container. */
export const container = ["spec", "template", "spec", "containers", 0] as const;

/** An ApplicationSet of prod as the program makes it, as far as the rules look at it. */
export const applications = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  metadata: { name: "services", namespace: "argocd" },
  spec: {
    generators: [
      {
        git: {
          repoURL: "https://github.com/acme/idp",
          revision: mainBranch,
          files: [{ path: "argocd/applications/prod/*.yaml" }],
        },
      },
    ],
    syncPolicy: { applicationsSync: "create-update", preserveResourcesOnDeletion: true },
    template: {
      metadata: { name: "{{ .path.filename }}", finalizers: [] },
      spec: {
        project: "services",
        source: { repoURL: "https://github.com/acme/idp", targetRevision: mainBranch },
        syncPolicy: { syncOptions: ["CreateNamespace=true"] },
      },
    },
  },
};

/** An IAM policy resource with one statement. */
export function policyOf(statement: Readonly<Record<string, unknown>>) {
  return resource("aws:iam/rolePolicy:RolePolicy", {
    policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
  });
}
