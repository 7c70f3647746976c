/**
 * Names after `arn:aws:iam::aws:policy/` that the double accepts. AWS has over a thousand; these are the ones that this
 * platform may use. Any other name is refused, as AWS refuses a misspelt one. Add a name here when you need it.
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
