/**
 * The kinds that EKS brings along in Auto Mode, as far as the program makes objects of them. The twin takes such objects
 * and nobody acts on them: there is no load balancer here.
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
