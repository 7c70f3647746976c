import { expect } from "chai";
import type { WatchEvent } from "../../../twin/cluster/kube-api.ts";
import { NamespaceContents } from "../../../twin/kubelet/namespace-contents.ts";
import { FakeClock, settle } from "./fake-clock.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function object(name: string, content: object): object {
  return { metadata: { namespace: "shop", name, resourceVersion: "1" }, ...content };
}

const lists: Record<string, object[]> = {
  "/api/v1/namespaces/shop/configmaps?": [
    object("params", { data: { level: "debug" }, binaryData: { logo: base64("png") } }),
  ],
  "/api/v1/namespaces/shop/secrets?": [object("redis", { data: { auth: base64("s3cret") } })],
};

describe("NamespaceContents", () => {
  let abort: AbortController;
  let gets: string[];
  let watches: Map<string, (event: WatchEvent) => void>;
  let changes: string[];
  let contents: NamespaceContents;

  beforeEach(() => {
    abort = new AbortController();
    gets = [];
    watches = new Map();
    changes = [];
    contents = new NamespaceContents({
      api: {
        get: (path) => {
          gets.push(path);
          const items = lists[path] ?? [];
          return Promise.resolve({ metadata: { resourceVersion: "1" }, items });
        },
        watch: (path, onEvent, signal) => {
          watches.set(path.split("?")[0] ?? "", onEvent);
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              reject(new Error("aborted"));
            });
          });
        },
      },
      clock: new FakeClock(),
      signal: abort.signal,
      onChange: (namespace) => changes.push(namespace),
    });
  });
  afterEach(() => {
    abort.abort();
  });

  it("has the values of ConfigMaps and Secrets, decoded", async () => {
    const { configMap, secret } = await contents.of("shop");
    const texts = (found: ReadonlyMap<string, Buffer> | undefined) =>
      found && Object.fromEntries([...found].map(([key, value]) => [key, value.toString()]));
    expect(texts(configMap("params"))).to.deep.equal({ level: "debug", logo: "png" });
    expect(texts(secret("redis"))).to.deep.equal({ auth: "s3cret" });
    expect([configMap("redis"), secret("params")]).to.deep.equal([undefined, undefined]);
  });

  it("watches a namespace once, and no other", async () => {
    const [first, second] = await Promise.all([contents.of("shop"), contents.of("shop")]);
    expect(second).to.equal(first);
    expect(gets).to.deep.equal(Object.keys(lists));
  });

  it("follows changes, and tells whose they are", async () => {
    const { configMap } = await contents.of("shop");
    await settle();
    changes.length = 0;
    const send = watches.get("/api/v1/namespaces/shop/configmaps");
    send?.({ type: "MODIFIED", object: object("params", { data: { level: "info" } }) });
    expect(configMap("params")?.get("level")?.toString()).to.equal("info");
    send?.({ type: "DELETED", object: object("params", {}) });
    expect(configMap("params")).to.be.undefined;
    expect(changes).to.deep.equal(["shop", "shop"]);
  });
});
