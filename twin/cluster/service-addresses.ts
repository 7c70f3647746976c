import { clusterNameOf, type Environment } from "../../config/environments.ts";
import { twinAccounts } from "../state/twin.ts";
import { clusterPaths } from "./cluster.ts";
import { ingressPort, parsePortKey, readPorts } from "./ports-file.ts";

/** Where an environment's Ingresses answer on this machine, by the header Host; undefined where no containers run. */
export function ingressAddress(environment: Environment): string | undefined {
  const port = portsOf(environment)[ingressPort];
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}

/**
 * Where the services of an environment answer on this machine, by name: `http://127.0.0.1:<port>`, the same for the life of
 * the cluster. A service is in its namespace of the same name. One whose Pods are simulated has no address.
 */
export function serviceAddresses(environment: Environment): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(portsOf(environment)).flatMap(([key, port]) => {
      const target = parsePortKey(key);
      const isServices = target !== undefined && target.namespace === target.service;
      return isServices ? [[target.service, `http://127.0.0.1:${port}`] as const] : [];
    }),
  );
}

function portsOf(environment: Environment): Readonly<Record<string, number>> {
  const { accountId } = twinAccounts[environment];
  return readPorts(clusterPaths({ accountId, name: clusterNameOf(environment) }).ports);
}
