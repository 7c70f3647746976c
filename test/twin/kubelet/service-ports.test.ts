import { expect } from "chai";
import { rmSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { ServicePorts } from "../../../twin/kubelet/service-ports.ts";
import { dialLocal } from "../../../twin/kubelet/probe.ts";
import { readPorts, type ServicePort } from "../../../twin/cluster/ports-file.ts";
import type { Backend } from "../../../twin/kubelet/service-ports.ts";
import { scratchFolder } from "./scratch-folder.ts";

const redis = { namespace: "argocd", service: "redis", port: 6379 };

describe("ServicePorts", () => {
  let folder: string;
  let file: string;
  let abort: AbortController;
  let servers: Server[];
  let sockets: Socket[];

  beforeEach(() => {
    folder = scratchFolder();
    file = join(folder, "ports.json");
    abort = new AbortController();
    servers = [];
    sockets = [];
  });
  afterEach(() => {
    abort.abort();
    for (const socket of sockets) socket.destroy();
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  /** @param podOf this machine's port of the Pod that plays the Service */
  function portsOf(
    podOf: (target: ServicePort) => Promise<number | undefined> = () => Promise.resolve(undefined),
  ): ServicePorts {
    const backend: Backend = async (target) => {
      const pod = await podOf(target);
      return pod === undefined ? undefined : () => dialLocal(pod);
    };
    return new ServicePorts(file, backend, abort.signal);
  }

  /** A server on a free port of 127.0.0.1. */
  async function serve(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
    servers.push(server);
    return listening(server);
  }

  async function listening(server: Server): Promise<number> {
    server.listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  }

  /** A Pod that answers with its name and what it is told. */
  const echo = (name: string): Promise<number> =>
    serve((socket) => socket.on("data", (data) => socket.write(`${name}: ${data.toString()}`)));

  function dial(port: number): Socket {
    const socket = connect({ host: "127.0.0.1", port });
    sockets.push(socket);
    socket.on("error", () => undefined);
    return socket;
  }

  async function ask(socket: Socket, words: string): Promise<string> {
    socket.write(words);
    return String((await once(socket, "data"))[0]);
  }

  it("leads each connection to the Pod that plays the Service at that moment", async () => {
    const pods = [await echo("first"), await echo("second")];
    const asked: unknown[] = [];
    const port = await portsOf((target) => {
      asked.push(target);
      return Promise.resolve(pods.shift());
    }).portOf(redis);
    const [one, two] = [dial(port), dial(port)];
    const answers = [await ask(one, "ping"), await ask(two, "ping"), await ask(one, "again")];
    expect(answers.sort()).to.deep.equal(["first: again", "first: ping", "second: ping"]);
    expect(asked).to.deep.equal([redis, redis]);
  });

  it("carries many bytes both ways", async () => {
    const pod = await serve((socket) => socket.pipe(socket));
    const client = dial(await portsOf(() => Promise.resolve(pod)).portOf(redis));
    const sent = Buffer.alloc(1_000_000, "x");
    client.end(sent);
    let received = 0;
    client.on("data", (data) => (received += data.length));
    await once(client, "close");
    expect(received).to.equal(sent.length);
  });

  const refusing: [string, () => Promise<number | undefined>][] = [
    ["no Pod is ready", () => Promise.resolve(undefined)],
    ["nobody knows the Service", () => Promise.reject(new Error("connect ECONNREFUSED"))],
  ];
  for (const [when, backend] of refusing) {
    it(`closes the connection while ${when}, and listens on`, async () => {
      const port = await portsOf(backend).portOf(redis);
      await once(dial(port), "close");
      await once(dial(port), "close");
    });
  }

  it("closes the connection where the Pod does not listen", async () => {
    const gone = await echo("gone");
    servers.pop()?.close();
    const port = await portsOf(() => Promise.resolve(gone)).portOf(redis);
    await once(dial(port), "close");
  });

  for (const [first, how] of [
    ["client", "end"],
    ["client", "resetAndDestroy"],
    ["Pod", "end"],
    ["Pod", "resetAndDestroy"],
  ] as const) {
    it(`closes both sides when the ${first} calls ${how}`, async () => {
      const accepted = Promise.withResolvers<Socket>();
      const port = await serve((socket) => {
        accepted.resolve(socket);
      });
      const client = dial(await portsOf(() => Promise.resolve(port)).portOf(redis));
      const pod = await accepted.promise;
      for (const side of [client, pod]) side.resume();
      const closed = Promise.all([once(client, "close"), once(pod, "close")]);
      (first === "client" ? client : pod)[how]();
      await closed;
    });
  }

  it("brings the answer to a client that has said its last word", async () => {
    const pod = createServer({ allowHalfOpen: true }, (socket) => {
      let asked = 0;
      socket.on("data", (data) => (asked += data.length));
      socket.on("end", () => socket.end(`${asked} bytes`));
    });
    servers.push(pod);
    const client = dial(await portsOf(() => listening(pod)).portOf(redis));
    client.end("hello");
    expect(String((await once(client, "data"))[0])).to.equal("5 bytes");
    await once(client, "close");
  });

  it("survives a client that goes before it is known where to lead it", async () => {
    const backend = Promise.withResolvers<number | undefined>();
    const asked = Promise.withResolvers<undefined>();
    const port = await portsOf(() => {
      asked.resolve(undefined);
      return backend.promise;
    }).portOf(redis);
    const client = dial(port);
    await asked.promise;
    client.resetAndDestroy();
    backend.resolve(await echo("late"));
    await once(dial(port), "connect");
  });

  it("has one port for a Service, whoever asks, and remembers it", async () => {
    const ports = portsOf();
    const [one, two, other] = await Promise.all([
      ports.portOf(redis),
      ports.portOf({ ...redis }),
      ports.portOf({ ...redis, port: 6380 }),
    ]);
    expect(two).to.equal(one);
    expect(other).not.to.equal(one);
    expect(readPorts(file)).to.deep.equal({
      "argocd/redis:6379": one,
      "argocd/redis:6380": other,
    });
  });

  it("listens again on all ports that an earlier kubelet gave out", async () => {
    const pod = await echo("pod");
    const earlier = portsOf();
    const port = await earlier.portOf(redis);
    const reserved = await earlier.reserve("metrics-server");
    abort.abort();
    abort = new AbortController();
    const next = portsOf(() => Promise.resolve(pod));
    await next.resume();
    expect(await ask(dial(port), "ping")).to.equal("pod: ping");
    expect(await next.portOf(redis)).to.equal(port);
    expect(await next.reserve("metrics-server")).to.equal(reserved);
    await once(dial(reserved), "error"); // That one is somebody else's to listen on.
  });

  it("takes another port, and remembers it, when a program holds the old one", async () => {
    const earlier = portsOf();
    const port = await earlier.portOf(redis);
    abort.abort();
    abort = new AbortController();
    const thief = createServer();
    servers.push(thief);
    thief.listen({ host: "127.0.0.1", port });
    await once(thief, "listening");
    const now = await portsOf().portOf(redis);
    expect(now).not.to.equal(port);
    expect(readPorts(file)).to.deep.equal({ "argocd/redis:6379": now });
  });

  it("rewrites the addresses of Services and no others", async () => {
    const ports = portsOf();
    const port = await ports.portOf(redis);
    expect(await ports.rewrite("redis:6379", "argocd")).to.equal(`127.0.0.1:${port}`);
    expect(await ports.rewrite("http://redis.argocd.svc:6379", "shop")).to.equal(
      `http://127.0.0.1:${port}`,
    );
    expect(await ports.rewrite("cache.example.com:6379", "argocd")).to.equal(
      "cache.example.com:6379",
    );
  });

  it("forgets a Service that is gone, and no other", async () => {
    const ports = portsOf();
    const cache = { ...redis, service: "cache" };
    const [gone, stays] = await Promise.all([ports.portOf(redis), ports.portOf(cache)]);
    ports.forget(redis);
    await once(dial(gone), "error");
    await once(dial(stays), "connect");
    expect(readPorts(file)).to.deep.equal({ "argocd/cache:6379": stays });
    ports.forget({ ...redis, service: "unknown" });
    expect(readPorts(file)).to.deep.equal({ "argocd/cache:6379": stays });
  });

  it("listens for a Service that comes again", async () => {
    const pod = await echo("pod");
    const ports = portsOf(() => Promise.resolve(pod));
    await ports.portOf(redis);
    ports.forget(redis);
    const port = await ports.portOf(redis);
    expect(await ask(dial(port), "ping")).to.equal("pod: ping");
    expect(readPorts(file)).to.deep.equal({ "argocd/redis:6379": port });
  });

  it("forgets a Service that is gone before its port listens", async () => {
    const ports = portsOf();
    const early = ports.portOf(redis);
    ports.forget(redis);
    const port = ports.portOf(redis);
    await once(dial(await early), "error");
    await once(dial(await port), "connect");
    expect(readPorts(file)).to.deep.equal({ "argocd/redis:6379": await port });
  });

  it("stops listening when it is told to end", async () => {
    const port = await portsOf().portOf(redis);
    abort.abort();
    await once(dial(port), "error");
  });
});
