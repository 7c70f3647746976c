import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { isRunning, logTail, startProcess } from "../process/processes.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { waitForHttp } from "../process/wait.ts";

/** Name of the supervised process. */
const gitServerName = "git-server";

/**
 * Starts the twin's git server and resolves when it answers. It serves every bare repository below `directory` over HTTP,
 * pushes included, to this machine only.
 */
export async function ensureGitServer(directory: string, port: number): Promise<void> {
  await startProcess({
    name: gitServerName,
    command: process.execPath,
    args: [join(repositoryRoot, "twin/git/git-server.ts"), directory, `${port}`],
  });
  await waitForHttp(`http://127.0.0.1:${port}/`, {
    what: "the git server",
    isAlive: () => isRunning(gitServerName),
    log: () => logTail(gitServerName),
  });
}

/**
 * Returns the CGI environment of a request for `git http-backend` (git-http-backend(1), RFC 3875). Of the server's own
 * environment it contains only PATH.
 */
export function cgiEnvironment(
  request: Pick<IncomingMessage, "method" | "url" | "headers">,
  directory: string,
  path: string,
): Record<string, string> {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const { headers } = request;
  return {
    PATH: path,
    GIT_PROJECT_ROOT: directory,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method ?? "GET",
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: headers["content-type"] ?? "",
    // Without it the program reads its whole input, which is right for chunked bodies too.
    ...(headers["content-length"] && { CONTENT_LENGTH: headers["content-length"] }),
    HTTP_CONTENT_ENCODING: headers["content-encoding"] ?? "",
    GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
  };
}

/** Returns a CGI answer's header once it is complete: status, fields, and its length in bytes of `output`. */
export function cgiHeader(
  output: Buffer,
): { status: number; fields: [string, string][]; length: number } | undefined {
  const end = output.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const fields = output
    .subarray(0, end)
    .toString("latin1")
    .split("\r\n")
    .map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
  const status = fields.find(([name]) => name.toLowerCase() === "status")?.[1];
  return {
    status: status ? Number.parseInt(status, 10) : 200,
    fields: fields.filter(([name]) => name.toLowerCase() !== "status"),
    length: end + 4,
  };
}

/**
 * Whether a request uses one of this machine's own names. A web page elsewhere may point its own name at 127.0.0.1 and make
 * a browser here send requests, and a push needs no password.
 */
export function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

/** Returns the server, not yet listening. */
export function gitServer(directory: string, path: string): Server {
  return createServer((request, response) => {
    if (!isLocalHost(request.headers.host)) {
      response.writeHead(403).end("only requests to 127.0.0.1 are answered\n");
    } else if (request.url === "/") {
      response.writeHead(200).end("the twin's git server\n");
    } else {
      serve(request, response, cgiEnvironment(request, directory, path));
    }
  });
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  env: Record<string, string>,
): void {
  const backend = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "inherit"] });
  let pending: Buffer | undefined = Buffer.alloc(0);
  backend.stdout.on("data", (chunk: Buffer) => {
    if (pending === undefined) {
      if (!response.write(chunk)) {
        backend.stdout.pause();
        response.once("drain", () => backend.stdout.resume());
      }
      return;
    }
    pending = Buffer.concat([pending, chunk]);
    const header = cgiHeader(pending);
    if (header === undefined) return;
    response.writeHead(header.status, header.fields.flat());
    response.write(pending.subarray(header.length));
    pending = undefined;
  });
  backend.on("close", () => {
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
  backend.on("error", (error) => {
    console.error(`git http-backend: ${error.message}`);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
  response.on("close", () => backend.kill());
  // The program may answer before it has read everything (a refusal). Then nobody reads the rest.
  backend.stdin.on("error", () => undefined);
  request.pipe(backend.stdin);
}

if (import.meta.main) {
  const [directory = "", port = ""] = process.argv.slice(2);
  gitServer(directory, process.env.PATH ?? "").listen(Number(port), "127.0.0.1");
}
