import type { ClusterRecord } from "./cluster.ts";

/** Returns one simulated node per availability zone, larger than the twin will ever need. */
export function nodeManifests(cluster: ClusterRecord, kubernetesVersion: string) {
  return cluster.availabilityZones.map((zone, index) => {
    const name = `node-${zone}`;
    const resources = { cpu: "64", memory: "256Gi", pods: "1000", "ephemeral-storage": "1Ti" };
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "node.kubernetes.io/instance-type": "c6a.16xlarge",
          "topology.kubernetes.io/region": cluster.region,
          "topology.kubernetes.io/zone": zone,
        },
      },
      spec: { providerID: `aws:///${zone}/${name}` },
      status: {
        capacity: resources,
        allocatable: resources,
        addresses: [
          { type: "InternalIP", address: `10.243.0.${index + 1}` },
          { type: "Hostname", address: name },
          // Where the API server reaches the kubelet (--kubelet-preferred-address-types).
          { type: "ExternalIP", address: "127.0.0.1" },
        ],
        daemonEndpoints: { kubeletEndpoint: { Port: cluster.kubeletPort } },
        nodeInfo: {
          machineID: "",
          systemUUID: "",
          bootID: "",
          architecture: "amd64",
          operatingSystem: "linux",
          kernelVersion: "kwok",
          osImage: "simulated by KWOK",
          containerRuntimeVersion: "kwok",
          kubeletVersion: kubernetesVersion,
          kubeProxyVersion: kubernetesVersion,
        },
      },
    };
  });
}
