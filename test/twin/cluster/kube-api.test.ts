import { expect } from "chai";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { linesUntilSilence } from "../../../twin/cluster/kube-api.ts";

describe("linesUntilSilence", () => {
  let server: Server;
  before(async () => {
    server = createServer((request, response) => {
      response.writeHead(200);
      response.write("one\ntwo\n");
      if (request.url === "/ending") response.end("three");
      if (request.url === "/broken") setTimeout(() => request.socket.destroy(), 100);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it("yields every line of an answer that ends", async () => {
    expect(await all("/ending")).to.deep.equal(["one", "two", "three"]);
  });

  it("ends when nothing more arrives", async () => {
    expect(await all("/silent")).to.deep.equal(["one", "two"]);
  });

  it("fails when the connection breaks", async () => {
    const error = await all("/broken").catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  });

  async function all(path: string): Promise<string[]> {
    const { port } = server.address() as AddressInfo;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host: "127.0.0.1", port, path }, resolve).on("error", reject);
    });
    const lines: string[] = [];
    for await (const line of linesUntilSilence(response, 300)) lines.push(line);
    return lines;
  }
});
