/**
 * Names behind `arn:aws:iam::aws:policy/` that the double accepts. AWS has over a thousand; these are what this platform
 * may use. A name that is not here is refused as AWS refuses a misspelt one: add it when you need it.
 */
export const managedPolicies: ReadonlySet<string> = new Set([
  "AdministratorAccess",
  "AmazonEC2ContainerRegistryPowerUser",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonEKSFargatePodExecutionRolePolicy",
  "AmazonSSMManagedInstanceCore",
  "CloudWatchAgentServerPolicy",
  "IAMReadOnlyAccess",
  "PowerUserAccess",
  "ReadOnlyAccess",
  "SecurityAudit",
  "ViewOnlyAccess",
  "job-function/ViewOnlyAccess",
  "service-role/AmazonEBSCSIDriverPolicy",
]);
