/**
 * The kinds that EKS installs in Auto Mode, limited to those of which the program creates objects. The twin stores such
 * objects but nothing acts on them: it has no load balancer.
 */
export const autoModeKinds = [
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "ingressclassparams.eks.amazonaws.com" },
    spec: {
      group: "eks.amazonaws.com",
      scope: "Cluster",
      names: {
        kind: "IngressClassParams",
        listKind: "IngressClassParamsList",
        plural: "ingressclassparams",
        singular: "ingressclassparams",
      },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
              },
            },
          },
        },
      ],
    },
  },
];
