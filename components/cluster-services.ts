import * as aws from "@pulumi/aws";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { TypeToken } from "./type-token.ts";

/** The Ingress class that the standard chart asks for. */
const ingressClass = "alb";

/** Arguments of {@link ClusterServices}. */
export interface ClusterServicesArgs {
  readonly clusterName: pulumi.Input<string>;
  /** Version of the EKS add-on, which EKS never raises by itself. One that the cluster's version does not offer is refused. */
  readonly metricsServerVersion: string;
}

/**
 * What the standard chart needs and Auto Mode does not switch on by itself: load balancers for its Ingress, the
 * enforcement of its NetworkPolicy, and the metrics that its HorizontalPodAutoscaler scales by.
 *
 * ### Cost
 * Two small Pods. A load balancer is a cost of the service that asks for one.
 */
export class ClusterServices extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterServicesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.ClusterServices, name, args, opts);

    new aws.eks.Addon(
      `${name}-metrics`,
      {
        clusterName: args.clusterName,
        addonName: "metrics-server",
        addonVersion: args.metricsServerVersion,
      },
      { parent: this },
    );
    // Without it EKS accepts NetworkPolicies but enforces none.
    new k8s.core.v1.ConfigMap(
      `${name}-network-policy`,
      {
        metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
        data: { "enable-network-policy-controller": "true" },
      },
      { parent: this },
    );
    const params = new k8s.apiextensions.CustomResource(
      `${name}-load-balancer`,
      {
        apiVersion: "eks.amazonaws.com/v1",
        kind: "IngressClassParams",
        metadata: { name: ingressClass },
        // Inside the VPC only, whatever an Ingress asks for.
        spec: { scheme: "internal" },
      },
      { parent: this },
    );
    new k8s.networking.v1.IngressClass(
      `${name}-load-balancer`,
      {
        metadata: { name: ingressClass },
        spec: {
          controller: "eks.amazonaws.com/alb",
          parameters: {
            apiGroup: "eks.amazonaws.com",
            kind: "IngressClassParams",
            name: params.metadata.name,
          },
        },
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
