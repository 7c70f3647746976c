/**
 * pulumi-resource-awsx, the double: awsx.ec2.Vpc with the real component's children. The AWS double plays the children.
 */
import { main } from "@pulumi/pulumi/provider/server.js";
import { endWithEngine } from "../../engine/plugin.ts";
import { sdkVersion } from "../../engine/sdk-version.ts";
import { constructVpc } from "./vpc.ts";

endWithEngine();
await main(
  {
    version: sdkVersion("awsx"),
    schema: "{}",
    construct: async (name, type, inputs, options) => {
      if (type === "awsx:ec2:Vpc") {
        const { urn, state } = await constructVpc(name, inputs, options);
        return { urn, state };
      }
      throw new Error(
        `The awsx double does not play ${type}. It plays: awsx:ec2:Vpc. Fix: add it to twin/components/awsx/`,
      );
    },
  },
  process.argv.slice(2),
);
