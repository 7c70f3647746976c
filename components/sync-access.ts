import * as aws from "@pulumi/aws";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { argoCdNamespace } from "./argocd-config.ts";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link SyncAccess}. */
export interface SyncAccessArgs {
  readonly clusterName: pulumi.Input<string>;
  /** ARN of the role that syncs. */
  readonly principalArn: pulumi.Input<string>;
}

/** The Kubernetes group of who syncs. */
const group = "idp-sync";

/**
 * Lets a role ask Argo CD for a sync, as `idp sync` does: it may get and patch Applications, and nothing else in the
 * cluster. `idp refresh` is left to administrators: who patches an ApplicationSet decides what every Application is. None
 * of EKS's access policies is as narrow, hence a group of Kubernetes with a Role of its own. Kubernetes cannot limit a
 * patch to the Application's `operation`; the AppProject limits what an Application deploys. Costs nothing.
 */
export class SyncAccess extends pulumi.ComponentResource {
  constructor(name: string, args: SyncAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.SyncAccess, name, args, opts);
    const parent = { parent: this };
    const metadata = { name: group, namespace: argoCdNamespace };

    const role = new k8s.rbac.v1.Role(
      name,
      {
        metadata,
        rules: [
          { apiGroups: ["argoproj.io"], resources: ["applications"], verbs: ["get", "patch"] },
        ],
      },
      parent,
    );
    new k8s.rbac.v1.RoleBinding(
      name,
      {
        metadata,
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "Role",
          name: role.metadata.name,
        },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group }],
      },
      parent,
    );
    new aws.eks.AccessEntry(
      name,
      {
        clusterName: args.clusterName,
        principalArn: args.principalArn,
        kubernetesGroups: [group],
      },
      parent,
    );
    this.registerOutputs();
  }
}
