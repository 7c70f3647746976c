import { expect } from "chai";
import { deployedBy, leftBy, parseApplication } from "../../promotion/argocd.ts";
import { isComplete, type Board, type BoardRow } from "../../promotion/board.ts";

/** An Application in one moment. */
const application = (status: object, metadata: object = {}) =>
  parseApplication({ metadata: { name: "clock", ...metadata }, spec: {}, status });
const messageOf = (status: object) => deployedBy(application(status), "prod").message;

const healthy = {
  sync: { status: "Synced" },
  health: { status: "Healthy" },
  summary: { images: ["1.dkr.ecr.us-west-2.amazonaws.com/idp/clock:v1.0.0"] },
  history: [{}],
};

describe("what Argo CD reports of a service", () => {
  const fine: readonly (readonly [title: string, status: object])[] = [
    ["runs as git says", healthy],
    ["waits for a person's sync", { ...healthy, sync: { status: "OutOfSync" } }],
    [
      "is new, and waits for its first sync",
      { sync: { status: "OutOfSync" }, health: { status: "Missing" } },
    ],
    ["comes up", { ...healthy, health: { status: "Progressing" }, summary: {} }],
    ["is being synced", { ...healthy, operationState: { phase: "Running", message: "hook" } }],
    ["was synced", { ...healthy, operationState: { phase: "Succeeded", message: "done" } }],
    [
      "was synced at the second try",
      { ...healthy, operationState: { phase: "Succeeded", retryCount: 1 } },
    ],
  ];
  for (const [title, status] of fine) {
    it(`is no problem while it ${title}`, () => {
      expect(messageOf(status)).to.equal("");
    });
  }

  const refused = { kind: "Ingress", name: "clock", status: "SyncFailed", message: "a host" };
  const wrong: readonly (readonly [title: string, status: object, message: string])[] = [
    [
      "fails to sync and is tried again, from the first retry on",
      {
        ...healthy,
        operationState: {
          phase: "Running",
          retryCount: 1,
          message: "one or more objects failed to apply (dry run). Retrying attempt #1 at 06:12.",
          syncResult: { resources: [{ kind: "Service", status: "Synced" }, refused] },
        },
      },
      "sync fails and is tried again: one or more objects failed to apply (dry run). Retrying attempt #1 at 06:12; Ingress clock: a host",
    ],
    [
      "has failed to sync: once, with the command that tries again",
      {
        ...healthy,
        conditions: [{ type: "SyncError", message: "Failed last sync attempt to 3f2a9c1: a host" }],
        operationState: {
          phase: "Failed",
          retryCount: 360,
          message: "failed: a host (retried 360 times).",
          syncResult: { resources: [refused] },
        },
      },
      "sync Failed: failed: a host (retried 360 times). Fix: mend what it names, then npx idp sync clock prod",
    ],
    [
      "cannot be rendered",
      { ...healthy, conditions: [{ type: "ComparisonError", message: "no chart" }] },
      "ComparisonError: no chart",
    ],
    [
      "is Degraded",
      { ...healthy, health: { status: "Degraded", message: "Deployment/clock: exceeded" } },
      "Degraded: Deployment/clock: exceeded. Fix: kubectl -n clock describe pods has the reason",
    ],
    [
      "is gone with its namespace",
      { ...healthy, sync: { status: "OutOfSync" }, health: { status: "Missing" }, summary: {} },
      "what was synced is gone. Fix: npx idp sync clock prod makes it again",
    ],
    [
      "runs nothing, though some of its objects are there",
      { ...healthy, sync: { status: "OutOfSync" }, summary: {} },
      "what was synced is gone. Fix: npx idp sync clock prod makes it again",
    ],
  ];
  for (const [title, status, message] of wrong) {
    it(`is a problem when it ${title}`, () => {
      expect(messageOf(status)).to.equal(message);
    });
  }

  it("is no problem before Argo CD has looked at what its last sync made", () => {
    const finishedAt = "2026-11-24T12:00:05Z";
    const missing = { ...healthy, health: { status: "Missing" }, summary: {} };
    const at = (reconciledAt: string, phase = "Succeeded") =>
      messageOf({ ...missing, reconciledAt, operationState: { phase, finishedAt } });
    expect(at("2026-11-24T12:00:04Z")).to.equal("");
    expect(at(finishedAt)).to.equal("");
    expect(at("2026-11-24T12:00:06Z", "Running")).to.equal("");
    expect(at("2026-11-24T12:00:06Z")).to.include("what was synced is gone");
  });

  it("is a problem when a file has no Application", () => {
    expect(deployedBy(undefined, "dev")).to.deep.equal({
      images: [],
      sync: "Missing",
      health: "Missing",
      message: "Argo CD has no Application of it. Fix: npx idp refresh dev has it look now",
    });
  });

  it("is a problem without a file only when a sync keeps it from going", () => {
    const retried = {
      ...healthy,
      conditions: [{ type: "ComparisonError", message: "no such file" }],
      operationState: { phase: "Running", retryCount: 7, message: "denied" },
    };
    expect(leftBy(application(retried)).message).to.equal("");
    const going = { deletionTimestamp: "2026-11-28T06:12:03Z" };
    expect(leftBy(application(healthy, going)).message).to.equal("");
    expect(leftBy(application(retried, going)).message).to.equal(
      `its removal waits for the end of a sync: denied. Fix: kubectl -n argocd patch application clock --type merge --patch '{"status":{"operationState":{"phase":"Terminating"}}}'`,
    );
  });
});

describe("a board", () => {
  const row: BoardRow = {
    ...{ service: "clock", file: "clock.yaml", image: null, tag: null, digest: null },
    ...{ built: null, ageSeconds: null, waiting: null, hold: null, tagged: null },
    ...{ environment: "prod", changed: null, problem: null },
  };
  const cluster = (message: string) => ({ sync: "", health: "", images: [], message });
  const board: Board = {
    at: new Date(0),
    repository: { url: "", branch: "main", commit: "" },
    services: [row, { ...row, cluster: cluster("") }, { ...row, cluster: null }],
    strays: [{ service: "old", environment: "dev", cluster: cluster("") }],
    problems: [],
  };

  it("is complete when nothing is wrong", () => {
    expect(isComplete(board)).to.equal(true);
  });

  const faults: readonly (readonly [title: string, board: Partial<Board>])[] = [
    ["a whole environment", { problems: ["silent"] }],
    ["a row", { services: [{ ...row, problem: "no image" }] }],
    ["a service in its cluster", { services: [{ ...row, cluster: cluster("Degraded") }] }],
    [
      "what has no file",
      { strays: [{ service: "old", environment: "dev", cluster: cluster("held") }] },
    ],
  ];
  for (const [title, fault] of faults) {
    it(`is not complete when something is wrong with ${title}`, () => {
      expect(isComplete({ ...board, ...fault })).to.equal(false);
    });
  }
});
