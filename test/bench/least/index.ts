// The least program that makes what a stack of this repository is made of, to compare its previews with.
import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as eks from "@pulumi/eks";
import * as k8s from "@pulumi/kubernetes";

const account = new aws.Provider("account", { profile: "idp-twin-prod", region: "us-west-2" });
const options = { provider: account };
const vpc = new awsx.ec2.Vpc(
  "least",
  {
    cidrBlock: "10.40.0.0/16",
    numberOfAvailabilityZones: 3,
    natGateways: { strategy: "OnePerAz" },
    subnetStrategy: "Auto",
    subnetSpecs: [
      { type: "Private", cidrMask: 20 },
      { type: "Public", cidrMask: 24 },
    ],
  },
  options,
);
const cluster = new eks.Cluster(
  "least",
  {
    vpcId: vpc.vpcId,
    privateSubnetIds: vpc.privateSubnetIds,
    authenticationMode: "API",
    autoMode: { enabled: true },
    skipDefaultNodeGroup: true,
    corednsAddonOptions: { enabled: false },
  },
  options,
);
const provider = new k8s.Provider("cluster", { kubeconfig: cluster.kubeconfigJson });
new k8s.yaml.ConfigFile("argocd", { file: process.env["ARGOCD_MANIFEST"] ?? "" }, { provider });
