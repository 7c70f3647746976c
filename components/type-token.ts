/** Type tokens of the components, as they stand in every stack's state: a change here renames resources. */
export const TypeToken = {
  AppOfApps: "idp:platform:AppOfApps",
  ArgoCdInstall: "idp:platform:ArgoCdInstall",
  Cluster: "idp:platform:Cluster",
  ClusterServices: "idp:platform:ClusterServices",
  GithubAccess: "idp:platform:GithubAccess",
  ImageUpdater: "idp:platform:ImageUpdater",
  Network: "idp:platform:Network",
  PermissionsBoundary: "idp:platform:PermissionsBoundary",
  Registry: "idp:platform:Registry",
} as const;
