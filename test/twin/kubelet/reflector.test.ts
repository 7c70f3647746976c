import { expect } from "chai";
import { z } from "zod";
import { KubeApiError } from "../../../twin/cluster/kube-api.ts";
import type { WatchEvent } from "../../../twin/cluster/kube-api.ts";
import { Reflector } from "../../../twin/kubelet/reflector.ts";
import { FakeClock, settle } from "./fake-clock.ts";

const Thing = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string() }),
  value: z.string(),
});

function thing(name: string, version: number, value = name): object {
  return { metadata: { namespace: "shop", name, resourceVersion: String(version) }, value };
}

/** An API server whose objects a test sets, and whose watches a test feeds and ends. */
class FakeApi {
  readonly calls: string[] = [];
  list: { version: number; items: object[] } = { version: 1, items: [] };
  error: Error | undefined;
  #onEvent: (event: WatchEvent) => void = () => undefined;
  #end: (error?: Error) => void = () => undefined;

  get = (path: string): Promise<unknown> => {
    this.calls.push(path);
    if (this.error !== undefined) return Promise.reject(this.error);
    const { version, items } = this.list;
    return Promise.resolve({ metadata: { resourceVersion: String(version) }, items });
  };

  watch = (
    path: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    this.calls.push(path);
    if (this.error !== undefined) return Promise.reject(this.error);
    this.#onEvent = onEvent;
    return new Promise((resolve, reject) => {
      this.#end = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
      signal.addEventListener("abort", () => {
        reject(new Error("aborted"));
      });
    });
  };

  send(type: string, object: object): void {
    this.#onEvent({ type, object });
  }

  async endWatch(error?: Error): Promise<void> {
    this.#end(error);
    await settle();
  }
}

describe("Reflector", () => {
  let clock: FakeClock;
  let api: FakeApi;
  let abort: AbortController;
  let events: string[];

  beforeEach(() => {
    clock = new FakeClock();
    api = new FakeApi();
    abort = new AbortController();
    events = [];
  });
  afterEach(() => {
    abort.abort();
  });

  function follow(query?: string): Reflector<z.infer<typeof Thing>> {
    return new Reflector({
      api,
      path: "/things",
      query,
      schema: Thing,
      onChange: ({ metadata, value }) => events.push(`${metadata.name}=${value}`),
      onGone: (key) => events.push(`gone ${key}`),
      onListed: () => events.push("listed"),
      clock,
      signal: abort.signal,
    });
  }

  const watchFrom = (version: number, query = ""): string =>
    `/things?${query}&watch=1&allowWatchBookmarks=true&resourceVersion=${version}`;

  it("lists, is ready, and watches from the list's version", async () => {
    api.list = { version: 7, items: [thing("a", 3), thing("b", 5)] };
    const things = follow("labelSelector=x");
    await things.ready;
    await settle();
    expect(api.calls).to.deep.equal(["/things?labelSelector=x", watchFrom(7, "labelSelector=x")]);
    expect(events).to.deep.equal(["a=a", "b=b", "listed"]);
    expect(things.values().map(({ value }) => value)).to.deep.equal(["a", "b"]);
    expect(things.get("shop/b")?.value).to.equal("b");
    expect(things.get("other/b")).to.be.undefined;
  });

  it("follows what is added, changed and deleted", async () => {
    api.list = { version: 1, items: [thing("a", 1)] };
    const things = follow();
    await settle();
    api.send("ADDED", thing("b", 2));
    api.send("MODIFIED", thing("a", 3, "new"));
    api.send("DELETED", thing("b", 4));
    api.send("DELETED", thing("unknown", 5));
    expect(events).to.deep.equal(["a=a", "listed", "b=b", "a=new", "gone shop/b"]);
    expect(things.values().map(({ value }) => value)).to.deep.equal(["new"]);
  });

  it("watches on from the last version that it saw, bookmarks included, without a new list", async () => {
    follow();
    await settle();
    api.send("ADDED", thing("a", 2));
    await api.endWatch();
    api.send("BOOKMARK", { kind: "Thing", metadata: { name: "", resourceVersion: "9" } });
    await api.endWatch();
    expect(api.calls).to.deep.equal(["/things?", watchFrom(1), watchFrom(2), watchFrom(9)]);
    expect(events).to.deep.equal(["listed", "a=a"]);
  });

  it("lists again when the server no longer knows the version", async () => {
    api.list = { version: 1, items: [thing("a", 1), thing("b", 1)] };
    const things = follow();
    await settle();
    api.list = { version: 20, items: [thing("b", 12, "new")] };
    api.send("ERROR", { kind: "Status", code: 410 });
    await api.endWatch();
    expect(api.calls).to.deep.equal(["/things?", watchFrom(1), "/things?", watchFrom(20)]);
    expect(events.slice(3)).to.deep.equal(["b=new", "gone shop/a", "listed"]);
    expect(things.values()).to.have.length(1);
  });

  it("keeps its copy while the API server is away, and asks twice a second", async () => {
    api.list = { version: 1, items: [thing("a", 1)] };
    const things = follow();
    await settle();
    api.error = new Error("connect ECONNREFUSED");
    await api.endWatch(new Error("socket hang up"));
    await clock.advance(1_400);
    expect(api.calls).to.deep.equal(["/things?", watchFrom(1), "/things?", "/things?"]);
    expect(things.get("shop/a")?.value).to.equal("a");
    api.error = undefined;
    api.list = { version: 2, items: [] };
    await clock.advance(100);
    expect(things.get("shop/a")).to.be.undefined;
    expect(events).to.deep.equal(["a=a", "listed", "gone shop/a", "listed"]);
  });

  it("is ready only after the first list", async () => {
    api.error = new KubeApiError(503, "starting");
    const things = follow();
    let isReady = false;
    void things.ready.then(() => (isReady = true));
    await clock.advance(400);
    expect(isReady).to.be.false;
    api.error = undefined;
    await clock.advance(100);
    expect(isReady).to.be.true;
  });

  it("lists again after an object that its schema refuses", async () => {
    follow();
    await settle();
    api.send("ADDED", thing("a", 2));
    const bad = { metadata: { namespace: "shop", name: "bad", resourceVersion: "3" } };
    expect(() => {
      api.send("ADDED", bad);
    }).to.throw();
    await api.endWatch(new Error("invalid"));
    await clock.advance(500);
    expect(api.calls.slice(2)).to.deep.equal(["/things?", watchFrom(1)]);
  });

  it("asks nothing more once it is told to end", async () => {
    follow();
    await settle();
    abort.abort();
    await clock.advance(10_000);
    expect(api.calls).to.have.length(2);
    expect(clock.sleepers).to.equal(0);
  });
});
