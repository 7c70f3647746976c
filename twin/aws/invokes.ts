import type { AwsAccount } from "./account.ts";
import { stringsAt, type Bag } from "./properties.ts";
import { regions, zoneId } from "./regions.ts";

type Invoke = (args: Bag, account: AwsAccount) => Bag;

/** The functions that the double answers, by token. */
const invokes: Readonly<Record<string, Invoke>> = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": (args, account) => {
    const region = stringsAt(args, "region")[0] ?? account.region;
    const excluded = [...stringsAt(args, "excludeNames"), ...stringsAt(args, "excludeZoneIds")];
    const states = stringsAt(args, "state");
    const names = (regions.get(region)?.zones ?? []).filter(
      (zone) => !excluded.includes(zone) && !excluded.includes(zoneId(zone)),
    );
    const shown = states.length === 0 || states.includes("available") ? names : [];
    return {
      id: region,
      region,
      groupNames: [region],
      names: shown,
      zoneIds: shown.map(zoneId),
    };
  },

  "aws:index/getPartition:getPartition": (_args, account) => ({
    id: account.partition,
    partition: account.partition,
    dnsSuffix: regions.get(account.region)?.dnsSuffix ?? "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
};

/** Returns a function's answer. @throws Error that says where to add a function that the double does not answer */
export function invoke(token: string, args: Bag, account: AwsAccount): Bag {
  const answer = invokes[token];
  if (answer !== undefined) return answer(args, account);
  throw new Error(
    `The AWS double does not answer the function ${token}. It answers: ${Object.keys(invokes).join(", ")}. ` +
      `Fix: add it to twin/aws/invokes.ts`,
  );
}
