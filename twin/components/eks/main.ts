/**
 * pulumi-resource-eks, the double: eks.Cluster in Auto Mode with the real component's children. The AWS double starts a
 * real Kubernetes control plane for the child aws:eks/cluster:Cluster.
 */
import { main } from "@pulumi/pulumi/provider/server.js";
import { endWithEngine } from "../../engine/plugin.ts";
import { sdkVersion } from "../../engine/sdk-version.ts";
import { constructCluster } from "./cluster.ts";

endWithEngine();
await main(
  {
    version: sdkVersion("eks"),
    schema: "{}",
    construct: (name, type, inputs, options) => {
      if (type !== "eks:index:Cluster") {
        return Promise.reject(
          new Error(
            `The eks double does not play ${type}. It plays: eks:index:Cluster. Fix: add it to twin/components/eks/`,
          ),
        );
      }
      return new Promise((resolve) => {
        resolve(constructCluster(name, inputs, options));
      });
    },
    call: (token) =>
      Promise.reject(
        new Error(
          `The eks double does not answer ${token}. Fix: use the cluster's kubeconfigJson, or add it to twin/components/eks/main.ts`,
        ),
      ),
  },
  process.argv.slice(2),
);
