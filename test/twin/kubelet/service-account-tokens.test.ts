import { expect } from "chai";
import { ServiceAccountTokens } from "../../../twin/kubelet/service-account-tokens.ts";
import { FakeClock } from "./fake-clock.ts";
import { firstContainer, podOf } from "./fakes.ts";

const pod = podOf({
  serviceAccountName: "web",
  containers: [
    {
      name: "web",
      image: "w",
      volumeMounts: [
        { name: "api", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
        { name: "aws", mountPath: "/var/run/secrets/aws" },
      ],
    },
  ],
  volumes: [
    {
      name: "api",
      projected: { sources: [{ serviceAccountToken: { path: "token" } }] },
    },
    {
      name: "aws",
      projected: {
        sources: [
          { serviceAccountToken: { path: "token", audience: "sts", expirationSeconds: 600 } },
        ],
      },
    },
    {
      name: "elsewhere",
      projected: { sources: [{ serviceAccountToken: { path: "token", audience: "other" } }] },
    },
  ],
});
const container = firstContainer(pod);
const stsRequest = { audience: "sts", expirationSeconds: 600 };

describe("ServiceAccountTokens", () => {
  let clock: FakeClock;
  let abort: AbortController;
  let requests: { second: number; path: string; object: unknown }[];
  let isAway: boolean;
  let log: string[];
  let tokens: ServiceAccountTokens;

  beforeEach(() => {
    clock = new FakeClock();
    abort = new AbortController();
    requests = [];
    isAway = false;
    log = [];
    tokens = new ServiceAccountTokens(pod, {
      api: {
        create: (path, object) => {
          requests.push({ second: clock.seconds, path, object });
          if (isAway) return Promise.reject(new Error("connect ECONNREFUSED"));
          return Promise.resolve({ status: { token: `token ${requests.length}` } });
        },
      },
      clock,
      signal: abort.signal,
      onRenewed: () => log.push(`${clock.seconds} renewed`),
      log: (message) => log.push(`${clock.seconds} ${message}`),
    });
  });
  afterEach(() => {
    abort.abort();
  });

  it("asks for what the container mounts, bound to the Pod", async () => {
    await tokens.obtain(container);
    const path = "/api/v1/namespaces/shop/serviceaccounts/web/token";
    const request = (spec: object): object => ({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        ...spec,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "web-0", uid: "u1" },
      },
    });
    expect(requests).to.deep.equal([
      { second: 0, path, object: request({ expirationSeconds: 3600 }) },
      { second: 0, path, object: request({ expirationSeconds: 600, audiences: ["sts"] }) },
    ]);
    expect([tokens.get({}), tokens.get(stsRequest)]).to.deep.equal(["token 1", "token 2"]);
  });

  it("asks once, however often the container starts", async () => {
    await tokens.obtain(container);
    await tokens.obtain(container);
    expect(requests).to.have.length(2);
  });

  it("has an empty token for a request that nobody made", () => {
    expect(tokens.get({ audience: "other" })).to.equal("");
  });

  it("renews each at four fifths of its life, again and again", async () => {
    await tokens.obtain(container);
    await clock.advance(1_000_000);
    expect(requests.slice(2).map(({ second }) => second)).to.deep.equal([480, 960]);
    expect(log).to.deep.equal(["480 renewed", "960 renewed"]);
    expect([tokens.get({}), tokens.get(stsRequest)]).to.deep.equal(["token 1", "token 4"]);
    await clock.advance(1_880_000);
    expect(requests.filter(({ second }) => second === 2_880)).to.have.length(2);
  });

  it("keeps the old token and tries every ten seconds while the API server is away", async () => {
    await tokens.obtain(container);
    isAway = true;
    await clock.advance(495_000);
    expect(tokens.get(stsRequest)).to.equal("token 2");
    isAway = false;
    await clock.advance(10_000);
    expect(tokens.get(stsRequest)).to.equal("token 5");
    expect(log).to.deep.equal([
      "480 token not renewed: Error: connect ECONNREFUSED",
      "490 token not renewed: Error: connect ECONNREFUSED",
      "500 renewed",
    ]);
  });

  it("lets the start of the container fail while there is no first token", async () => {
    isAway = true;
    const error: unknown = await tokens.obtain(container).catch((reason: unknown) => reason);
    expect(String(error)).to.include("ECONNREFUSED");
    expect(clock.sleepers).to.equal(0);
  });

  it("renews nothing once the Pod ends", async () => {
    await tokens.obtain(container);
    abort.abort();
    await clock.advance(4_000_000);
    expect(requests).to.have.length(2);
    expect(clock.sleepers).to.equal(0);
  });
});
