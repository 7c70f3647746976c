import { containersHere } from "../../../twin/cluster/container-support.ts";
import { twinPaths } from "../../../twin/state/twin.ts";

/** What `idp twin up` shows behind a healthy service, as a pattern: its address; a dash where services are simulated. */
export async function addressColumn(state = twinPaths().state): Promise<string> {
  const { runs } = await containersHere(state);
  return runs ? " +http://127\\.0\\.0\\.1:\\d+" : " +-";
}
