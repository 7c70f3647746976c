import type { Settings } from "../../config/schema.ts";

type Change = (settings: Settings) => Settings;

/** A change of the cluster's settings. */
const cluster =
  (change: (cluster: Settings["cluster"]) => Partial<Settings["cluster"]>): Change =>
  (settings) => ({ ...settings, cluster: { ...settings.cluster, ...change(settings.cluster) } });

/** The changes of settings that reach the two components, by name. Each is one to whatever the stack has. */
export const changes: Readonly<Record<string, Change>> = {
  "NAT gateways": (settings) => ({
    ...settings,
    network: {
      ...settings.network,
      natGateways: settings.network.natGateways === "Single" ? "OnePerAz" : "Single",
    },
  }),
  "a version up": cluster(({ version }) => ({
    version: minorVersion(version, 1),
  })),
  publicAccessCidrs: cluster(({ publicAccessCidrs }) => ({
    publicAccessCidrs: publicAccessCidrs.length === 0 ? ["203.0.113.0/24"] : [],
  })),
  "an access entry": cluster(({ access }) => ({
    access: [
      ...access,
      {
        name: "operators",
        principalArn: "arn:aws:iam::935743309409:role/Operators",
        level: "admin",
        namespaces: ["time-service"],
      },
    ],
  })),
  deletionProtection: cluster(({ deletionProtection }) => ({
    deletionProtection: !deletionProtection,
  })),
};

/** Returns the Kubernetes version so many minor versions further. */
export function minorVersion(version: string, further: number): string {
  return version.replace(/\d+$/, (minor) => String(Number(minor) + further));
}
