import { argoCdIsLocked } from "../../policy/rules/argocd-is-locked.ts";
import { unknownValue } from "../../policy/values.ts";
import { container, deployment, describeRule } from "./support.ts";

function configMap(name: string, data: Readonly<Record<string, string>>) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

describeRule(
  argoCdIsLocked,
  "manifest",
  configMap("argocd-cm", { "exec.enabled": "false", "users.anonymous.enabled": "false" }),
  [
    {
      title: "refuses a shell in the browser",
      at: ["data", "exec.enabled"],
      value: "true",
      expected: ['data.exec.enabled: found "true"; must be one of "false"'],
    },
    {
      title: "refuses anonymous users",
      at: ["data", "users.anonymous.enabled"],
      value: "true",
      expected: ['data.users.anonymous.enabled: found "true"; must be one of "false"'],
    },
    {
      title: "refuses what is not known",
      at: ["data", "exec.enabled"],
      value: unknownValue,
      expected: [
        'data.exec.enabled: found a value that is not known before the update; must be one of "false"',
      ],
    },
    { title: "accepts the defaults", at: ["data"], value: {}, expected: [] },
    {
      title: "ignores another ConfigMap",
      at: [],
      value: configMap("other", { "exec.enabled": "true" }),
      expected: [],
    },
    {
      title: "ignores the keys of Argo CD's other ConfigMaps",
      at: [],
      value: configMap("argocd-rbac-cm", { "exec.enabled": "true" }),
      expected: [],
    },
    {
      title: "ignores anything that is not a ConfigMap",
      at: [],
      value: { ...configMap("argocd-cm", { "exec.enabled": "true" }), kind: "Secret" },
      expected: [],
    },
    {
      title: "refuses in a ConfigMap that may be any of them",
      at: [],
      value: {
        ...configMap("", { "policy.default": "role:admin" }),
        metadata: { name: unknownValue },
      },
      expected: ['data.policy.default: found "role:admin"; must be one of "", "role:readonly"'],
    },
    {
      title: "refuses a server without TLS",
      at: [],
      value: configMap("argocd-cmd-params-cm", { "server.insecure": "true" }),
      expected: ['data.server.insecure: found "true"; must be one of "false"'],
    },
    {
      title: "refuses a server without sign-in",
      at: [],
      value: configMap("argocd-cmd-params-cm", { "server.disable.auth": "true" }),
      expected: ['data.server.disable.auth: found "true"; must be one of "false"'],
    },
    {
      title: "takes no role for a default role",
      at: [],
      value: configMap("argocd-rbac-cm", { "policy.default": "" }),
      expected: [],
    },
  ],
);

const server = {
  ...deployment,
  spec: {
    template: { spec: { containers: [{ name: "argocd-server", args: ["argocd-server"] }] } },
  },
};
describeRule(argoCdIsLocked, "manifest", server, [
  {
    title: "refuses the arguments to the same end",
    at: [...container, "args"],
    value: ["argocd-server", "--insecure", "--disable-auth"],
    expected: [
      'spec.template.spec.containers[0].args[1]: found "--insecure"; must not be there',
      'spec.template.spec.containers[0].args[2]: found "--disable-auth"; must not be there',
    ],
  },
  {
    title: "refuses them in the command",
    at: [...container, "command"],
    value: ["argocd-server", "--insecure"],
    expected: [
      'spec.template.spec.containers[0].command[1]: found "--insecure"; must not be there',
    ],
  },
  {
    title: "ignores the arguments of other containers",
    at: [...container],
    value: { name: "curl", args: ["--insecure"] },
    expected: [],
  },
]);
