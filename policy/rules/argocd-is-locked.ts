import { containersOf, isKind, isNamed } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, isAbsent, listOf, violation } from "../values.ts";

/** Keys of Argo CD's ConfigMaps and what they may say; what is not there has a safe default. */
const safeValues: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "argocd-cm": {
    "exec.enabled": ["false"],
    "users.anonymous.enabled": ["false"],
  },
  "argocd-cmd-params-cm": {
    "server.disable.auth": ["false"],
    "server.insecure": ["false"],
  },
  "argocd-rbac-cm": { "policy.default": ["", "role:readonly"] },
};

const openers: readonly unknown[] = ["--insecure", "--disable-auth"];

export const argoCdIsLocked: Rule = {
  name: "argocd-is-locked",
  reason: "Whoever gets into Argo CD can change everything that it deploys.",
  fix: "leave TLS and sign-in on, anonymous users and exec off, and the default role at role:readonly",
  severity: "critical",
  link: "https://argo-cd.readthedocs.io/en/stable/operator-manual/security/",
  levels: everywhere,
  unknown: "refuse",
  manifest: (manifest) => [
    ...(isKind(manifest, "", ["ConfigMap"])
      ? Object.entries(safeValues)
          .filter(([name]) => isNamed(manifest, name))
          .flatMap(([, keys]) =>
            Object.entries(keys).flatMap(([key, allowed]) => {
              const value = at(manifest, "data", key);
              return isAbsent(value) || allowed.some((text) => text === value)
                ? []
                : [
                    violation(
                      ["data", key],
                      value,
                      `must be one of ${allowed.map((text) => JSON.stringify(text)).join(", ")}`,
                    ),
                  ];
            }),
          )
      : []),
    ...containersOf(manifest)
      .filter(({ spec }) => at(spec, "name") === "argocd-server")
      .flatMap(({ path, spec }) =>
        ["args", "command"].flatMap((key) =>
          listOf(at(spec, key)).flatMap((word, index) =>
            openers.includes(word)
              ? [violation([...path, key, index], word, "must not be there")]
              : [],
          ),
        ),
      ),
  ],
};
