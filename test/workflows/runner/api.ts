import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/**
 * Plays GitHub's REST API as far as these workflows call it: it asks for the permission that GitHub documents for a call,
 * and refuses what a setting forbids, in GitHub's words.
 */

/** What GitHub has, and what was written to it. */
export interface Stored {
  /** Settings, Actions, "Allow GitHub Actions to create and approve pull requests". Off until somebody allows it. */
  actionsMayOpenPullRequests: boolean;
  readonly comments: unknown[];
  readonly issues: unknown[];
  readonly pulls: { readonly head: string; readonly html_url: string }[];
  /** Runs of workflows, newest first, by file, and the jobs of each by the run's id. */
  readonly runs: Record<string, readonly unknown[]>;
  readonly jobs: Record<string, readonly unknown[]>;
  /** Calls that changed something, such as `POST pulls`. */
  readonly written: string[];
}

/** The API on 127.0.0.1. */
export interface Api {
  readonly url: string;
  readonly close: () => void;
}

/** Returns GitHub with nothing in it. */
export function emptyGithub(): Stored {
  return {
    actionsMayOpenPullRequests: false,
    comments: [],
    issues: [],
    pulls: [],
    runs: {},
    jobs: {},
    written: [],
  };
}

const Pull = z.object({ head: z.string() });
const Permissions = z.record(z.string(), z.string());

/** Which permission a call needs. */
function scopeOf(path: string): string {
  if (path.startsWith("actions/")) return "actions";
  return path.startsWith("pulls") || path.includes("/comments") ? "pull-requests" : "issues";
}

function answer(stored: Stored, method: string, path: string, body: string): [number, unknown] {
  const [route = "", query = ""] = path.split("?");
  if (method === "GET") {
    const [, file] = /^actions\/workflows\/([^/]+)\/runs$/.exec(route) ?? [];
    if (file !== undefined) return [200, { workflow_runs: stored.runs[file] ?? [] }];
    const [, id] = /^actions\/runs\/(\d+)\/jobs$/.exec(route) ?? [];
    if (id !== undefined) return [200, { jobs: stored.jobs[id] ?? [] }];
    if (route === "pulls") {
      const head = new URLSearchParams(query).get("head")?.replace(/^[^:]*:/, "");
      return [200, stored.pulls.filter((pull) => pull.head === head)];
    }
    return [200, route.endsWith("/comments") ? stored.comments : stored.issues];
  }
  if (method === "POST" && route === "pulls") {
    if (!stored.actionsMayOpenPullRequests) {
      const message = "GitHub Actions is not permitted to create or approve pull requests.";
      return [
        403,
        {
          message,
          documentation_url: "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
          status: "403",
        },
      ];
    }
    const { head } = Pull.parse(JSON.parse(body));
    const made = { head, html_url: `https://github.com/acme/idp/pull/${20 + stored.pulls.length}` };
    stored.pulls.push(made);
    stored.written.push(`${method} ${route}`);
    return [201, made];
  }
  stored.written.push(`${method} ${route}`);
  return [201, { id: 1, number: 1 }];
}

/** Serves `stored` until it is closed. */
export async function serveApi(stored: Stored): Promise<Api> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const path = url.replace(/^\/repos\/acme\/idp\//, "");
      const token = /^Bearer token of (.*)$/.exec(headers.authorization ?? "")?.[1];
      const permissions = Permissions.parse(JSON.parse(token ?? "{}"));
      const has = permissions[scopeOf(path)];
      const mayCall = has === "write" || (method === "GET" && has === "read");
      const [status, text] = mayCall
        ? answer(stored, method, path, Buffer.concat(chunks).toString())
        : [403, { message: "Resource not accessible by integration" }];
      response.statusCode = status;
      response.end(JSON.stringify(text));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
