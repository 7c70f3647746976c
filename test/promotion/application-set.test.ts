import { expect } from "chai";
import { parseApplicationSet, setErrorOf } from "../../components/argocd-status.ts";
import { refreshAndWait } from "../../promotion/application-set.ts";
import { failure } from "../support/platform.ts";

const annotation = "argocd.argoproj.io/application-set-refresh";
const at = "2026-11-28T06:12:03.000Z";
const message = "unable to process file 'argocd/applications/dev/a.yaml' from repository 'x': yaml";
const condition = (type: string, status: string) => ({ type, status, message });

const set = (annotations: Record<string, string>, ...conditions: object[]) =>
  parseApplicationSet({ metadata: { annotations }, status: { conditions } });

/** Plays an Argo CD: what each look shows, the last one for ever. */
function play(looks: readonly ReturnType<typeof set>[]) {
  const patches: object[] = [];
  let look = -1;
  const result = refreshAndWait(
    {
      read: () => {
        const now = looks[Math.min((look += 1), looks.length - 1)];
        return now === undefined ? Promise.reject(new Error("no look")) : Promise.resolve(now);
      },
      patch: (patch) => {
        patches.push(patch);
        return Promise.resolve();
      },
    },
    at,
    { pause: () => Promise.resolve(), looks: 3 },
  );
  return { result, patches };
}

describe("an ApplicationSet", () => {
  it("is in error while Argo CD says so, with the file that it names", () => {
    const since = { lastTransitionTime: at };
    expect(setErrorOf(set({}, { ...condition("ErrorOccurred", "True"), ...since }))).to.deep.equal({
      since: at,
      message,
      file: "argocd/applications/dev/a.yaml",
    });
    for (const conditions of [
      [],
      [condition("ErrorOccurred", "False")],
      [condition("ResourcesUpToDate", "True")],
    ]) {
      expect(setErrorOf(set({}, ...conditions))).to.equal(undefined);
    }
    expect(setErrorOf(parseApplicationSet({ metadata: {} }))).to.equal(undefined);
  });

  it("is asked by the annotation of a webhook, and has read the files when that is gone", async () => {
    const waits = set({ [annotation]: at }, condition("ErrorOccurred", "True"));
    const { result, patches } = play([waits, set({}, condition("ErrorOccurred", "False"))]);
    expect(await result).to.equal(undefined);
    expect(patches).to.deep.equal([{ metadata: { annotations: { [annotation]: at } } }]);
  });

  it("says what keeps it from the files when the time is over", async () => {
    const waits = set({ [annotation]: at }, condition("ErrorOccurred", "True"));
    expect((await play([waits]).result)?.message).to.equal(message);
    const silent = play([set({ [annotation]: at })]).result;
    expect(await failure(silent)).to.include(
      "Argo CD has not read the service files in the time allowed.",
    );
  });
});
