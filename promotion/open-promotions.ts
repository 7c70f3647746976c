import { isRelease } from "../catalog/schema.ts";
import { higherReleases } from "./newest.ts";
import type { Repository } from "./repository.ts";
import type { Snapshot } from "./workspace.ts";

/** A promotion to prod that is proposed and not merged. */
export interface OpenPromotion {
  readonly branch: string;
  readonly version: string;
  /** The command that deletes the branch, and so closes its pull request. */
  readonly close: string;
}

/** Returns the name of a promotion's branch. */
export function promotionBranch(service: string, version: string): string {
  return `promote/prod/${service}-${version}`;
}

/** Returns a service's open promotions: the branches on the remote whose version prod's file does not have yet. */
export async function openPromotions(
  repository: Repository,
  { services }: Snapshot,
  service: string,
): Promise<OpenPromotion[]> {
  const prefix = promotionBranch(service, "");
  const prod = services.find(({ environment, name }) => environment === "prod" && name === service);
  const versions = [...(await repository.branches()).keys()].flatMap((branch) => {
    const version = branch.slice(prefix.length);
    return branch.startsWith(prefix) && isRelease(version) ? [version] : [];
  });
  return higherReleases(versions, prod?.tag ?? "").map((version) => {
    const branch = promotionBranch(service, version);
    return { branch, version, close: repository.deleteCommand(branch) };
  });
}
