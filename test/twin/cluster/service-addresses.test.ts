import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterNameOf, type Environment } from "../../../config/environments.ts";
import { clusterPaths } from "../../../twin/cluster/cluster.ts";
import { portKey, writePorts } from "../../../twin/cluster/ports-file.ts";
import { ingressAddress, serviceAddresses } from "../../../twin/cluster/service-addresses.ts";
import { twinAccounts } from "../../../twin/state/twin.ts";

describe("where services answer", () => {
  const before_ = process.env["IDP_TWIN"];
  let twin: string;
  beforeEach(() => {
    twin = mkdtempSync(join(tmpdir(), "idp-addresses-"));
    process.env["IDP_TWIN"] = twin;
  });
  afterEach(() => {
    rmSync(twin, { recursive: true });
    if (before_ === undefined) delete process.env["IDP_TWIN"];
    else process.env["IDP_TWIN"] = before_;
  });

  function write(environment: Environment, ports: Record<string, number>): void {
    const { accountId } = twinAccounts[environment];
    writePorts(clusterPaths({ accountId, name: clusterNameOf(environment) }).ports, ports);
  }

  it("is nowhere in an environment without a cluster", () => {
    write("prod", { "localtime/localtime:80": 40_001, ingress: 40_002 });
    expect([...serviceAddresses("dev")]).to.deep.equal([]);
    expect(ingressAddress("dev")).to.be.undefined;
  });

  it("is the port of the Service that has its namespace's name", () => {
    write("dev", {
      [portKey({ namespace: "argocd", service: "argocd-server", port: 443 })]: 40_001,
      [portKey({ namespace: "localtime", service: "localtime", port: 80 })]: 40_002,
      [portKey({ namespace: "localtime", service: "localtime-canary", port: 80 })]: 40_003,
      [portKey({ namespace: "time-service", service: "time-service", port: 1599 })]: 40_004,
      "metrics-server": 40_005,
      ingress: 40_006,
    });
    expect([...serviceAddresses("dev")]).to.deep.equal([
      ["localtime", "http://127.0.0.1:40002"],
      ["time-service", "http://127.0.0.1:40004"],
    ]);
    expect(ingressAddress("dev")).to.equal("http://127.0.0.1:40006");
  });
});
