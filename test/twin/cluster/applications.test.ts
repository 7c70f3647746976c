import { expect } from "chai";
import {
  isSettled,
  statusTable,
  statusesOf,
  type ServiceStatus,
} from "../../../twin/cluster/applications.ts";

const image = "1.dkr.ecr.us-west-2.amazonaws.com/idp/a";
const service = { environment: "dev", name: "a", image: "idp/a", tag: "sha-0000002" } as const;
const application = (name: string, tag: string, sync = "Synced", health = "Healthy") => ({
  metadata: { name },
  spec: {},
  status: {
    sync: { status: sync },
    health: { status: health },
    summary: { images: [`${image}:${tag}`] },
  },
});

const addresses = new Map([["a", "http://127.0.0.1:4711"]]);
const none = new Map<string, string>();

describe("a service's status", () => {
  it("combines what Argo CD reports with what git asks for", () => {
    expect(
      statusesOf("dev", [service], [application("a", "sha-0000001", "OutOfSync")], addresses),
    ).to.deep.equal([
      {
        service: "a",
        environment: "dev",
        tag: "sha-0000001",
        wanted: "sha-0000002",
        sync: "OutOfSync",
        health: "Healthy",
        message: "",
        address: "http://127.0.0.1:4711",
      },
    ]);
  });

  it("distinguishes a file without an Application from an Application without a file", () => {
    const statuses = statusesOf("dev", [service], [application("old", "v1.0.0")], none);
    expect(
      statuses.map(({ service: name, sync, tag, wanted }) => [name, sync, tag, wanted]),
    ).to.deep.equal([
      ["a", "Missing", "", "sha-0000002"],
      ["old", "Synced", "v1.0.0", ""],
    ]);
  });

  it("has a message if Argo CD gives one", () => {
    const broken = application("a", "sha-0000002");
    const [status] = statusesOf(
      "dev",
      [service],
      [
        {
          ...broken,
          status: {
            ...broken.status,
            conditions: [{ type: "ComparisonError", message: "no chart" }],
            operationState: { phase: "Failed", message: "denied" },
          },
        },
      ],
      none,
    );
    expect(status?.message).to.equal(
      "ComparisonError: no chart; sync Failed: denied. Fix: mend what it names, then npx idp sync a dev",
    );
  });

  it("is settled if it is synced, healthy, and runs what git asks for", () => {
    const good: ServiceStatus = {
      service: "a",
      environment: "dev",
      tag: "v1",
      wanted: "v1",
      sync: "Synced",
      health: "Healthy",
      message: "",
      address: "",
    };
    expect(isSettled(good)).to.equal(true);
    for (const change of [{ sync: "OutOfSync" }, { health: "Progressing" }, { tag: "v0" }]) {
      expect(isSettled({ ...good, ...change })).to.equal(false);
    }
  });

  it("is a table for people", () => {
    const statuses = statusesOf(
      "dev",
      [service],
      [application("a", "sha-0000001", "OutOfSync")],
      addresses,
    );
    expect(statusTable(statuses)).to.deep.equal([
      "SERVICE  ENVIRONMENT  IMAGE                           SYNC       HEALTH   ADDRESS",
      "a        dev          sha-0000001 (git: sha-0000002)  OutOfSync  Healthy  http://127.0.0.1:4711",
    ]);
  });
});
