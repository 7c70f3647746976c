import { expect } from "chai";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { dialLocal } from "../../../twin/kubelet/probe.ts";
import { Ingress, ingressServer, routeOf, servicePortOf } from "../../../twin/kubelet/ingress.ts";
import type { IngressTarget, Route } from "../../../twin/kubelet/ingress.ts";
import { NetworkService } from "../../../twin/kubelet/network-objects.ts";

type Path = readonly [path: string, service: string, pathType?: string];

function ingress(host: string | undefined, ...paths: readonly Path[]): Ingress {
  return Ingress.parse({
    metadata: { name: "i", namespace: "shop" },
    spec: {
      rules: [
        {
          host,
          http: {
            paths: paths.map(([path, name, pathType = "Prefix"]) => ({
              path,
              pathType,
              backend: { service: { name, port: { name: "http" } } },
            })),
          },
        },
      ],
    },
  });
}

describe("routeOf", () => {
  const all = [
    ingress("time.example.com", ["/", "time"], ["/v2", "time-2"], ["/v2", "time-2-only", "Exact"]),
    ingress("shop.example.com", ["/cart/", "cart"]),
    ingress(undefined, ["/", "rest"]),
  ];
  const cases: [string, string, string | undefined][] = [
    ["time.example.com", "/", "time"],
    ["TIME.example.com:40123", "/", "time"],
    ["time.example.com", "/v20", "time"],
    ["time.example.com", "/v2/zone", "time-2"],
    ["time.example.com", "/v2", "time-2-only"],
    ["time.example.com", "/v2?zone=UTC", "time-2-only"],
    ["shop.example.com", "/cart", "cart"],
    ["shop.example.com", "/cart/7", "cart"],
    ["shop.example.com", "/", "rest"],
    ["elsewhere.example.com", "/anything", "rest"],
  ];
  for (const [host, path, service] of cases) {
    it(`leads ${host}${path} to ${service ?? "nothing"}`, () => {
      expect(routeOf(all, host, path)).to.deep.equal({
        namespace: "shop",
        service,
        port: { name: "http" },
      });
    });
  }

  it("leads nowhere without a rule for the host or the path", () => {
    expect(routeOf(all.slice(0, 2), "elsewhere.example.com", "/")).to.be.undefined;
    expect(routeOf(all.slice(1, 2), "shop.example.com", "/carts")).to.be.undefined;
    expect(routeOf([Ingress.parse({ ...all[0], spec: {} })], "a", "/")).to.be.undefined;
  });
});

describe("servicePortOf", () => {
  const service = (...ports: object[]) =>
    NetworkService.parse({
      metadata: { name: "web", namespace: "shop" },
      spec: { clusterIP: "172.20.0.7", selector: {}, ports },
    });
  const named = service({ name: "http", port: 80 }, { name: "metrics", port: 9090 });
  const nameless = service({ port: 80 });
  const cases: [string, IngressTarget["port"], NetworkService | undefined, number | undefined][] = [
    ["a port by name", { name: "metrics" }, named, 9090],
    ["a port by number", { number: 9090 }, named, 9090],
    ["a port without a name by its number", { number: 80 }, nameless, 80],
    ["no port for a name that the Service does not have", { name: "https" }, named, undefined],
    ["no port for a number that the Service does not have", { number: 8080 }, nameless, undefined],
    ["no port for a name where ports have none", { name: "http" }, nameless, undefined],
    ["no port of a Service that is not there", { number: 80 }, undefined, undefined],
  ];
  for (const [what, port, found, expected] of cases) {
    it(`finds ${what}`, () => {
      expect(servicePortOf({ namespace: "shop", service: "web", port }, found)).to.deep.equal(
        expected === undefined ? undefined : { namespace: "shop", service: "web", port: expected },
      );
    });
  }
});

describe("the listener of all Ingresses", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  }

  const frontOf = (route: Route): Promise<number> => listen(ingressServer(route));

  it("hands a request on, with who asked and for which host", async () => {
    const pod = await listen(
      createServer((request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => (body += part.toString()));
        request.on("end", () => {
          const { host, "x-forwarded-for": from, "x-forwarded-proto": scheme } = request.headers;
          response.writeHead(201, { "x-pod": "one" });
          response.end(JSON.stringify([request.method, request.url, host, from, scheme, body]));
        });
      }),
    );
    const asked: string[][] = [];
    const front = await frontOf((host, path) => {
      asked.push([host, path]);
      return { dial: Promise.resolve(() => dialLocal(pod)) };
    });
    const url = `http://127.0.0.1:${front}/a?b=c`;
    const response = await fetch(url, { method: "POST", body: "words" });
    expect(response.status).to.equal(201);
    expect(response.headers.get("x-pod")).to.equal("one");
    const host = `127.0.0.1:${front}`;
    expect(await response.json()).to.deep.equal([
      ...["POST", "/a?b=c", host, "127.0.0.1", "http", "words"],
    ]);
    expect(asked).to.deep.equal([[host, "/a?b=c"]]);
  });

  const refusals: [string, Route, number, string][] = [
    ["no Ingress names it", () => undefined, 404, "no Ingress names this host and path"],
    ["no Pod is ready", () => ({ dial: Promise.resolve(undefined) }), 503, "no Pod is ready"],
    [
      "the Pod refuses",
      () => ({ dial: Promise.resolve(() => Promise.reject(new Error("refused"))) }),
      502,
      "refused",
    ],
  ];
  for (const [what, route, status, words] of refusals) {
    it(`answers ${status} where ${what}`, async () => {
      const response = await fetch(`http://127.0.0.1:${await frontOf(route)}/`);
      expect([response.status, await response.text()]).to.deep.equal([status, `${words}\n`]);
    });
  }

  it("outlives a client that goes in the middle", async () => {
    const pod = await listen(createServer((_request, response) => response.write("begun")));
    const front = await frontOf(() => ({ dial: Promise.resolve(() => dialLocal(pod)) }));
    const client = connect({ host: "127.0.0.1", port: front });
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await new Promise((resolve) => client.once("data", resolve));
    client.destroy();
    expect((await fetch(`http://127.0.0.1:${await frontOf(() => undefined)}/`)).status).to.equal(
      404,
    );
  });
});
