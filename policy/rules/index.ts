import type { Rule } from "../rule.ts";
import { applicationsComeFromThisRepository } from "./applications-come-from-this-repository.ts";
import { applicationsFollowTheMainBranch } from "./applications-follow-the-main-branch.ts";
import { argoCdIsLocked } from "./argocd-is-locked.ts";
import { clusterCreatorIsNoAdministrator } from "./cluster-creator-is-no-administrator.ts";
import { clusterEndpointIsNotOpen } from "./cluster-endpoint-is-not-open.ts";
import { clusterLogsEverything } from "./cluster-logs-everything.ts";
import { clusterSecretsAreEncrypted } from "./cluster-secrets-are-encrypted.ts";
import { containersHaveLimits } from "./containers-have-limits.ts";
import { containersHaveNoPrivilege } from "./containers-have-no-privilege.ts";
import { containersHaveProbes } from "./containers-have-probes.ts";
import { containersRunAsNobody } from "./containers-run-as-nobody.ts";
import { gatewayEndpointsHaveRoutes } from "./gateway-endpoints-have-routes.ts";
import { githubTrustIsExact } from "./github-trust-is-exact.ts";
import { iamGrantsAreNarrow } from "./iam-grants-are-narrow.ts";
import { imagesAreOfTheEnvironmentsKind } from "./images-are-of-the-environments-kind.ts";
import { imagesComeFromTheOwnRegistry } from "./images-come-from-the-own-registry.ts";
import { imagesNameAVersion } from "./images-name-a-version.ts";
import { imagesNeverMove } from "./images-never-move.ts";
import { keysRotate } from "./keys-rotate.ts";
import { logGroupsExpire } from "./log-groups-expire.ts";
import { networksKeepFlowLogs } from "./networks-keep-flow-logs.ts";
import { nobodyIsAdministrator } from "./nobody-is-administrator.ts";
import { nodesArePrivate } from "./nodes-are-private.ts";
import { plansHideNothing } from "./plans-hide-nothing.ts";
import { prodApplicationsSyncManually } from "./prod-applications-sync-manually.ts";
import { prodClusterRefusesDeletion } from "./prod-cluster-refuses-deletion.ts";
import { prodImagesChangeByPullRequest } from "./prod-images-change-by-pull-request.ts";
import { prodNetworkSurvivesAZone } from "./prod-network-survives-a-zone.ts";
import { prodProjectsDenyAutomatedSync } from "./prod-projects-deny-automated-sync.ts";
import { prodReplicasHaveABudget } from "./prod-replicas-have-a-budget.ts";
import { prodResourcesAreProtected } from "./prod-resources-are-protected.ts";
import { prodResourcesOutliveTheirApplication } from "./prod-resources-outlive-their-application.ts";
import { projectsAreNarrow } from "./projects-are-narrow.ts";
import { providerIsFenced } from "./provider-is-fenced.ts";
import { registriesArePrivate } from "./registries-are-private.ts";
import { releasesPassThroughStaging } from "./releases-pass-through-staging.ts";
import { resourcesAreTagged } from "./resources-are-tagged.ts";
import { rolesAreBounded } from "./roles-are-bounded.ts";
import { servicesHaveANetworkPolicy } from "./services-have-a-network-policy.ts";
import { stacksHoldWhatIsListed } from "./stacks-hold-what-is-listed.ts";
import { versionsGoForward } from "./versions-go-forward.ts";

/** Every rule: GitOps first, then AWS, then what the chart renders. */
export const rules: readonly Rule[] = [
  prodApplicationsSyncManually,
  prodProjectsDenyAutomatedSync,
  prodImagesChangeByPullRequest,
  prodResourcesOutliveTheirApplication,
  projectsAreNarrow,
  applicationsComeFromThisRepository,
  applicationsFollowTheMainBranch,
  argoCdIsLocked,
  imagesAreOfTheEnvironmentsKind,
  imagesComeFromTheOwnRegistry,
  releasesPassThroughStaging,
  versionsGoForward,
  stacksHoldWhatIsListed,
  plansHideNothing,
  clusterEndpointIsNotOpen,
  clusterCreatorIsNoAdministrator,
  clusterSecretsAreEncrypted,
  clusterLogsEverything,
  nodesArePrivate,
  prodClusterRefusesDeletion,
  prodNetworkSurvivesAZone,
  prodResourcesAreProtected,
  imagesNeverMove,
  registriesArePrivate,
  iamGrantsAreNarrow,
  nobodyIsAdministrator,
  githubTrustIsExact,
  rolesAreBounded,
  providerIsFenced,
  resourcesAreTagged,
  networksKeepFlowLogs,
  gatewayEndpointsHaveRoutes,
  logGroupsExpire,
  keysRotate,
  containersRunAsNobody,
  containersHaveNoPrivilege,
  containersHaveLimits,
  containersHaveProbes,
  imagesNameAVersion,
  prodReplicasHaveABudget,
  servicesHaveANetworkPolicy,
];
