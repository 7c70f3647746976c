import { expect } from "chai";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { Podbox, PodboxError, SilentPodbox } from "../../../twin/kubelet/podbox.ts";
import type { ContainerSpec, Table } from "../../../twin/kubelet/podbox.ts";
import { scratchFolder } from "./scratch-folder.ts";

const table: Table = {
  dns: "172.20.0.10",
  names: { "web.shop.svc.cluster.local": ["172.20.3.4"] },
  services: { "172.20.3.4:80": ["10.245.0.3:8080"] },
  host: { "169.254.170.23:80": "127.0.0.1:4711" },
  ports: [8080],
  egress: { "10.245.0.3": [] },
  ingress: {
    "10.245.0.3": [
      {
        cidrs: ["10.0.0.0/8"],
        except: [],
        ports: [{ protocol: "TCP", port: 8080, endPort: 8080 }],
      },
    ],
  },
};

const spec: ContainerSpec = {
  image: "/images/1",
  scratch: "/pods/u1/web/scratch",
  hostname: "web-0",
  args: ["/web"],
  env: ["A=1"],
  cwd: "/",
  mounts: [{ source: "", target: "/tmp", readOnly: false, sizeMiB: 64 }],
  readOnlyRoot: true,
  log: "/pods/u1/web/log",
  memoryLimitBytes: 0,
};

const startedAt = "2026-01-01T00:00:00Z";
const exit = { code: 143, finishedAt: "2026-01-01T00:00:09Z", oomKilled: false };

describe("Podbox", () => {
  let folder: string;
  let server: Server;
  let sockets: Set<Duplex>;
  let podbox: Podbox;
  let calls: string[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeEach(async () => {
    folder = scratchFolder();
    calls = [];
    sockets = new Set();
    answer = (_request, response) => response.writeHead(204).end();
    server = createServer((incoming, response) => {
      void text(incoming).then((body) => {
        calls.push([incoming.method, incoming.url, body].filter((word) => word).join(" "));
        answer(incoming, response);
      });
    });
    server.on("connection", (socket) => sockets.add(socket));
    server.listen(join(folder, "node.sock"));
    await once(server, "listening");
    podbox = new Podbox(join(folder, "node.sock"));
  });
  afterEach(() => {
    end();
    rmSync(folder, { recursive: true });
  });

  /** Ends the helper as a kill would. */
  function end(): void {
    server.close();
    for (const socket of sockets) socket.destroy();
  }

  function answers(status: number, body: unknown): void {
    answer = (_request, response) =>
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  }

  async function failureOf(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  it("sends what the helper is told", async () => {
    const pod = { namespace: "shop", name: "web-0", ip: "10.245.0.3" };
    const processPod = {
      namespace: "argocd",
      name: "server-0",
      containers: { server: { log: "/l", ports: { 8080: 15_080 } } },
    };
    await podbox.setNetwork(table);
    await podbox.putPod("u1", pod);
    await podbox.deletePod("u1");
    await podbox.signal("u1", "web", "SIGTERM");
    await podbox.putProcessPod("u2", processPod);
    await podbox.deleteProcessPod("u2");
    expect(calls).to.deep.equal([
      `PUT /network ${JSON.stringify(table)}`,
      `PUT /pods/u1 ${JSON.stringify(pod)}`,
      "DELETE /pods/u1",
      'POST /pods/u1/containers/web/signal {"signal":"SIGTERM"}',
      `PUT /processes/u2 ${JSON.stringify(processPod)}`,
      "DELETE /processes/u2",
    ]);
  });

  it("keeps what it is given within its part of the path", async () => {
    await podbox.deletePod("../network?x=ü");
    expect(calls).to.deep.equal(["DELETE /pods/..%2Fnetwork%3Fx%3D%C3%BC"]);
  });

  it("starts a container", async () => {
    answers(200, { pid: 7, startedAt });
    expect(await podbox.startContainer("u1", "web", spec)).to.deep.equal({ pid: 7, startedAt });
    expect(calls).to.deep.equal([`PUT /pods/u1/containers/web ${JSON.stringify(spec)}`]);
  });

  it("runs a command in a container", async () => {
    answers(200, { code: 3, output: "no" });
    expect(await podbox.exec("u1", "web", ["cat", "/x"], 5)).to.deep.equal({
      code: 3,
      output: "no",
    });
    expect(calls).to.deep.equal([
      'POST /pods/u1/containers/web/exec {"args":["cat","/x"],"timeoutSeconds":5}',
    ]);
  });

  it("reads the Pods and what they use", async () => {
    const pods = {
      u1: {
        ip: "10.245.0.3",
        containers: { web: { pid: 7, startedAt }, init: { pid: 6, startedAt, exit } },
      },
      u2: { ip: "10.245.0.4", containers: {} },
    };
    answers(200, pods);
    expect(await podbox.pods()).to.deep.equal(pods);
    const usage = { u1: { web: { cpuSeconds: 0.5, memoryBytes: 7_000_000 } } };
    answers(200, usage);
    expect(await podbox.usage()).to.deep.equal(usage);
    expect(calls).to.deep.equal(["GET /pods", "GET /usage"]);
  });

  it("carries the helper's reason", async () => {
    answers(422, "exec /no: no such file or directory\n");
    const error = await failureOf(podbox.startContainer("u1", "web", spec));
    expect(error).to.be.instanceOf(PodboxError);
    expect(error).to.deep.include({
      status: 422,
      message: "exec /no: no such file or directory",
    });
  });

  it("says the status where the helper gives no reason", async () => {
    answers(500, "");
    expect(await failureOf(podbox.pods())).to.deep.include({
      status: 500,
      message: "podbox answered 500",
    });
  });

  for (const body of ["no JSON", '{"u1":{"ip":"10.245.0.3"}}', '{"u1":7}', ""]) {
    it(`does not take ${body || "nothing"} for Pods`, async () => {
      answers(200, body);
      expect(String(await failureOf(podbox.pods()))).to.match(
        /^Error: podbox gave something else for GET \/pods:\n[^]+Fix: idp twin down/,
      );
    });
  }

  it("says where no helper answers", async () => {
    end();
    for (const call of [podbox.pods(), podbox.deletePod("u1"), podbox.dial("10.245.0.3", 80)]) {
      const error = await failureOf(call);
      expect(error).to.be.instanceOf(SilentPodbox);
      expect(String(error)).to.match(/^SilentPodbox: podbox does not answer on .+node\.sock: /);
    }
  });

  it("refuses a path that is too long for a socket", () => {
    const path = (bytes: number): string => `/${"é".repeat((bytes - 1) / 2)}`;
    expect(() => new Podbox(path(103))).not.to.throw();
    expect(() => new Podbox(path(105))).to.throw("has 105 bytes, a socket's path at most 103");
  });

  describe("exited", () => {
    it("waits for the end", async () => {
      const asked = Promise.withResolvers<ServerResponse>();
      answer = (_request, response) => {
        asked.resolve(response);
      };
      let isOver = false;
      const ended = podbox.exited("u1", "web").finally(() => (isOver = true));
      const response = await asked.promise;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(isOver).to.be.false;
      response.end(JSON.stringify({ ...exit, oomKilled: true }));
      expect(await ended).to.deep.equal({ code: 143, oomKilled: true });
      expect(calls).to.deep.equal(["GET /pods/u1/containers/web/exit"]);
    });

    it("is 137 for a container that the helper does not have", async () => {
      answers(404, "no such container");
      expect(await podbox.exited("u1", "web")).to.deep.equal({
        code: 137,
        oomKilled: false,
        isLost: true,
      });
    });

    it("is 137 when the helper dies, before or in its answer", async () => {
      for (const isInAnswer of [false, true]) {
        answer = (incoming, response) => {
          if (!isInAnswer) incoming.socket.destroy();
          else response.write('{"code":', () => incoming.socket.destroy());
        };
        expect(await podbox.exited("u1", "web")).to.deep.equal({
          code: 137,
          oomKilled: false,
          isLost: true,
        });
      }
      end();
      expect(await podbox.exited("u1", "web")).to.deep.equal({
        code: 137,
        oomKilled: false,
        isLost: true,
      });
    });

    it("hides no other refusal", async () => {
      answers(400, "no such path");
      expect(await failureOf(podbox.exited("u1", "web"))).to.deep.include({ status: 400 });
    });
  });

  describe("dial", () => {
    const switching =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

    /** The helper's side of each connection. */
    function accept(first: string, onConnection: (socket: Duplex) => void): string[] {
      const asked: string[] = [];
      server.on("upgrade", (incoming, socket) => {
        asked.push(`${incoming.url ?? ""} ${incoming.headers.upgrade ?? ""}`);
        socket.write(switching + first);
        onConnection(socket);
      });
      return asked;
    }

    /** What a side says until it ends. Reading with `for await` would end the other direction as well. */
    async function said(socket: Duplex): Promise<string> {
      let words = "";
      socket.on("data", (data: Buffer) => (words += data.toString()));
      await once(socket, "end");
      return words;
    }

    it("becomes the connection, with what came along with the answer", async () => {
      const asked = accept("hello, ", (socket) => {
        socket.on("data", (data: Buffer) => socket.end(data.toString().toUpperCase()));
      });
      const connection = await podbox.dial("10.245.0.3", 8080);
      connection.write("pod");
      expect(await said(connection)).to.equal("hello, POD");
      expect(asked).to.deep.equal(["/dial?to=10.245.0.3%3A8080 tcp"]);
    });

    it("brings the answer to a client that has said its last word", async () => {
      accept("", (socket) => {
        void said(socket).then((words) => socket.end(`${words.length} bytes`));
      });
      const connection = await podbox.dial("10.245.0.3", 8080);
      connection.end("hello");
      expect(await said(connection)).to.equal("5 bytes");
    });

    it("lets a client go on that the Pod has nothing more to say to", async () => {
      const last = Promise.withResolvers<string>();
      accept("", (socket) => {
        socket.end("bye");
        void said(socket).then(last.resolve);
      });
      const connection = await podbox.dial("10.245.0.3", 8080);
      expect(await said(connection)).to.equal("bye");
      connection.end("still here");
      expect(await last.promise).to.equal("still here");
    });

    it("carries a request of HTTP, such as a probe's", async () => {
      accept("", (socket) => {
        socket.on("data", () => {
          socket.end("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
        });
      });
      const connection = await podbox.dial("10.245.0.3", 8080);
      const call = request({ path: "/ready", createConnection: () => connection });
      call.end();
      const [response] = await new Promise<[IncomingMessage]>((resolve, reject) => {
        call.once("response", (found: IncomingMessage) => {
          found.resume();
          resolve([found]);
        });
        call.once("error", reject);
      });
      expect(response.statusCode).to.equal(503);
    });

    it("rejects with the reason where nothing listens", async () => {
      answers(502, "connect 10.245.0.3:81: connection refused");
      const error = await failureOf(podbox.dial("10.245.0.3", 81));
      expect(error).to.be.instanceOf(PodboxError);
      expect(error).to.deep.include({
        status: 502,
        message: "connect 10.245.0.3:81: connection refused",
      });
    });
  });
});
