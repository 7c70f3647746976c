/** Type tokens of the components, as every stack's state has them: a change here replaces resources. */
export const TypeToken = {
  AppOfApps: "idp:platform:AppOfApps",
  ArgoCdInstall: "idp:platform:ArgoCdInstall",
  Cluster: "idp:platform:Cluster",
  ClusterLogs: "idp:platform:ClusterLogs",
  ClusterServices: "idp:platform:ClusterServices",
  GithubAccess: "idp:platform:GithubAccess",
  ImageUpdater: "idp:platform:ImageUpdater",
  Network: "idp:platform:Network",
  Nodes: "idp:platform:Nodes",
  PermissionsBoundary: "idp:platform:PermissionsBoundary",
  Registry: "idp:platform:Registry",
  Runner: "idp:platform:Runner",
  SyncAccess: "idp:platform:SyncAccess",
} as const;
