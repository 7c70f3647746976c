import { expect } from "chai";
import { parseApplication, type Application } from "../../promotion/argocd.ts";
import { syncAndWait, syncOperation, type SyncRequest } from "../../promotion/sync.ts";
import { failure } from "../support/platform.ts";

const request: SyncRequest = { id: "7f3a", by: "ann", revision: "3f2a9c1", prune: true };
const retry = { limit: 2, backoff: { duration: "10s", factor: 1 } };
const spec = {
  syncPolicy: { syncOptions: ["CreateNamespace=true"], retry: { limit: 360, refresh: true } },
};

/** An Application in one moment. */
const application = (status: object, others: object = {}): Application =>
  parseApplication({ metadata: { name: "clock" }, spec, status, ...others });

/** The status while an operation is in a phase. */
const during = (phase: string, { id = "7f3a", message = "", finishedAt = "" } = {}) => ({
  phase,
  ...(message && { message }),
  ...(finishedAt && { finishedAt }),
  operation: { initiatedBy: { username: "bob" }, info: [{ name: "Request", value: id }] },
});
const done = during("Succeeded", { finishedAt: "2026-11-28T10:00:05Z" });
const before = application({
  sync: { status: "OutOfSync" },
  health: { status: "Healthy" },
  operationState: during("Succeeded", { id: "older" }),
});

/** Plays an Argo CD: what each look shows, the last one for ever. */
async function play(looks: readonly (Application | undefined)[], allowed = 10) {
  const patches: object[] = [];
  const said: string[] = [];
  let look = -1;
  const result = syncAndWait(
    {
      read: () => Promise.resolve(looks[Math.min((look += 1), looks.length - 1)]),
      patch: (name, patch) => {
        patches.push({ name, patch });
        return Promise.resolve();
      },
    },
    "clock",
    request,
    { pause: () => Promise.resolve(), looks: allowed, say: (line) => said.push(line) },
  );
  const ended = await result.catch((error: unknown) => String(error));
  return { ended, patches, said, looks: look };
}

describe("a sync by a person", () => {
  it("has the Application's options, and never takes a newer commit than the one asked for", () => {
    expect(syncOperation(before, request)).to.deep.equal({
      initiatedBy: { username: "ann" },
      info: [{ name: "Request", value: "7f3a" }],
      sync: { revision: "3f2a9c1", prune: true, syncOptions: ["CreateNamespace=true"] },
      retry,
    });
  });

  it("takes the Application's own revision and deletes nothing unless it is told to", () => {
    const bare = parseApplication({ metadata: { name: "clock" }, spec: {} });
    expect(syncOperation(bare, { id: "7f3a", by: "ann" })).to.deep.equal({
      initiatedBy: { username: "ann" },
      info: [{ name: "Request", value: "7f3a" }],
      sync: { prune: false, syncOptions: [] },
      retry,
    });
  });

  it("ends when its own operation is done, and Argo CD has looked at the service since", async () => {
    const health = { status: "Healthy" };
    const stale = { operationState: done, health, reconciledAt: "2026-11-28T09:59:00Z" };
    const { ended, patches, said } = await play([
      before,
      before,
      application({ operationState: during("Running", { message: "waiting for hooks" }) }),
      application({ sync: { status: "OutOfSync" }, ...stale }),
      application({
        sync: { status: "Synced" },
        operationState: done,
        health: { status: "Progressing" },
        reconciledAt: "2026-11-28T10:00:06Z",
      }),
      application({
        sync: { status: "Synced" },
        operationState: done,
        health,
        reconciledAt: "2026-11-28T10:00:06Z",
      }),
    ]);
    expect(ended).to.deep.equal({ sync: "Synced", health: "Healthy" });
    expect(patches).to.deep.equal([
      { name: "clock", patch: { operation: syncOperation(before, request) } },
    ]);
    expect(said).to.deep.equal([
      "waits for Argo CD",
      "Running: waiting for hooks",
      "Succeeded; OutOfSync, Healthy",
      "Succeeded; Synced, Progressing",
      "Succeeded; Synced, Healthy",
    ]);
  });

  for (const phase of ["Failed", "Error"]) {
    it(`fails with the message of its operation (${phase})`, async () => {
      const state = during(phase, { message: 'namespaces "clock" not found' });
      const { ended } = await play([before, application({ operationState: state })]);
      expect(ended).to.equal(
        `Error: The sync of clock failed: ${phase}: namespaces "clock" not found`,
      );
    });
  }

  it("says what it waited for when the time is over", async () => {
    const health = { status: "Degraded" };
    const late = application({ sync: { status: "Synced" }, health, operationState: done });
    const { ended, looks } = await play([before, late], 3);
    expect(looks).to.equal(3);
    expect(ended).to.include(
      "clock is not there after the time allowed: Succeeded; Synced, Degraded. The sync goes on",
    );
    const gone = await play([before, undefined], 1);
    expect(gone.ended).to.include("the Application is gone");
  });

  it("changes nothing while another operation runs or waits, or without an Application", async () => {
    // An operation stands in the Application until it has ended.
    const operation = { initiatedBy: { username: "bob" }, info: [] };
    const running = application(
      { operationState: during("Running", { id: "other", message: "hook" }) },
      { operation },
    );
    const retried = application(
      { operationState: during("Running", { id: "other", message: "denied" }) },
      { operation: { initiatedBy: { automated: true } } },
    );
    const asked = application(
      { operationState: done },
      { operation: { initiatedBy: { username: "eve" }, info: [] } },
    );
    const cases = [
      [running, "Another operation of clock is there, by bob: Running: hook."],
      [retried, "Another operation of clock is there, by Argo CD itself: Running: denied."],
      [asked, "Another operation of clock is there, by eve: not begun yet."],
      [undefined, "Argo CD has no Application clock."],
    ] as const;
    for (const [found, words] of cases) {
      const { ended, patches } = await play([found]);
      expect(ended).to.include(words).and.include("Nothing was changed. Fix: ");
      expect(patches).to.deep.equal([]);
    }
  });

  it("passes on what the cluster refuses", async () => {
    const refused = syncAndWait(
      { read: () => Promise.resolve(before), patch: () => Promise.reject(new Error("forbidden")) },
      "clock",
      request,
      { pause: () => Promise.resolve(), looks: 1, say: () => undefined },
    );
    expect(await failure(refused)).to.equal("forbidden");
  });
});
