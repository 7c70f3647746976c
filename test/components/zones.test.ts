import { expect } from "chai";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { usableZones } from "../../components/zones.ts";

/** Asks for the usable zones of an account that has these, and returns what AWS is asked as well. */
async function zonesOf(names: readonly string[]) {
  const asked: unknown[] = [];
  await pulumi.runtime.setMocks({
    newResource: ({ name }) => ({ id: name, state: {} }),
    call: ({ token, inputs }) => {
      expect(token).to.equal("aws:index/getAvailabilityZones:getAvailabilityZones");
      asked.push(inputs);
      return { names: [...names] };
    },
  });
  const zones = await usableZones("us-east-1", new aws.Provider("account", {}));
  return { zones, asked };
}

describe("usableZones", () => {
  it("gives the first three by name", async () => {
    const { zones } = await zonesOf(["us-east-1d", "us-east-1a", "us-east-1f", "us-east-1c"]);
    expect(zones).to.deep.equal(["us-east-1a", "us-east-1c", "us-east-1d"]);
  });

  it("asks for plain zones without those that EKS refuses", async () => {
    const { asked } = await zonesOf(["us-east-1a", "us-east-1b", "us-east-1c"]);
    expect(asked).to.deep.equal([
      {
        region: "us-east-1",
        state: "available",
        filters: [{ name: "zone-type", values: ["availability-zone"] }],
        excludeZoneIds: ["use1-az3", "usw1-az2", "cac1-az3"],
      },
    ]);
  });

  it("refuses a region with fewer than three", async () => {
    let message = "";
    try {
      await zonesOf(["us-west-1a", "us-west-1c"]);
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
    expect(message).to.equal(
      "The account has 2 zones in us-east-1 that EKS can use (us-west-1a, us-west-1c); the platform needs 3. " +
        "Fix: choose another region for idp:aws.region",
    );
  });
});
