import type { Account } from "./account.ts";
import { stringsAt, valuesAt, type Bag } from "./properties.ts";
import { regions, zoneId } from "./regions.ts";
import { addonVersions, kubernetesVersions } from "./types/eks.ts";

type Invoke = (args: Bag, account: Account) => Bag;

function regionOf(args: Bag, account: Account): string {
  return stringsAt(args, "region")[0] ?? account.region;
}

/** The functions that the double answers, by token. */
const invokes: Readonly<Record<string, Invoke>> = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": (args, account) => {
    const region = regionOf(args, account);
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

  "aws:index/getRegion:getRegion": (args, account) => {
    const region = regionOf(args, account);
    return {
      id: region,
      region,
      name: region,
      description: regions.get(region)?.description ?? "",
      endpoint: `ec2.${region}.amazonaws.com`,
    };
  },

  "aws:index/getCallerIdentity:getCallerIdentity": (_args, account) => ({
    id: account.id,
    accountId: account.id,
    arn: callerArn(account),
    userId: "AIDATWINTWINTWINTWIN1",
  }),

  "aws:eks/getAddonVersion:getAddonVersion": (args) => {
    const [addonName = ""] = stringsAt(args, "addonName");
    const [kubernetesVersion = ""] = stringsAt(args, "kubernetesVersion");
    const version = addonVersions[addonName];
    if (version === undefined || !kubernetesVersions.includes(kubernetesVersion)) {
      throw new Error(
        `no version of the add-on "${addonName}" for Kubernetes ${kubernetesVersion}. The AWS double knows: ` +
          `${Object.keys(addonVersions).join(", ")}; Kubernetes ${kubernetesVersions.join(", ")} (twin/aws/types/eks.ts)`,
      );
    }
    return {
      id: addonName,
      addonName,
      kubernetesVersion,
      mostRecent: valuesAt(args, "mostRecent")[0] ?? false,
      version,
    };
  },
};

/** Who the double says is calling: there is one identity, with all rights. */
export function callerArn({ partition, id }: Pick<Account, "partition" | "id">): string {
  return `arn:${partition}:iam::${id}:user/idp-twin`;
}

/** @throws Error that says where a function is added, for one that the double does not answer */
export function invoke(token: string, args: Bag, account: Account): Bag {
  const answer = invokes[token];
  if (answer !== undefined) return answer(args, account);
  throw new Error(
    `The AWS double does not answer the function ${token}. It answers: ${Object.keys(invokes).join(", ")}. ` +
      `Fix: add it to twin/aws/invokes.ts`,
  );
}
