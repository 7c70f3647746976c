import { expect } from "chai";
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { Platform } from "../support/platform.ts";

const Board = z.object({
  services: z.array(z.object({ tag: z.string(), digest: z.null() })),
  problems: z.array(z.string()),
});

describe("idp status and idp board, as they are run", () => {
  let platform: Platform;
  before(async () => {
    platform = await Platform.start();
  });
  after(() => {
    platform.stop();
  });

  /** Runs a command in the clone, against AWS where nothing answers. */
  const idp = (...args: string[]) =>
    execa("node", [join(repositoryRoot, "cli/main.ts"), ...args], {
      cwd: platform.clone,
      reject: false,
      env: {
        IDP_TWIN: "",
        AWS_ACCESS_KEY_ID: "id",
        AWS_SECRET_ACCESS_KEY: "key",
        AWS_CONFIG_FILE: "/dev/null",
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_MAX_ATTEMPTS: "1",
        AWS_ENDPOINT_URL_ECR: "http://127.0.0.1:9",
      },
    });

  it("show what git has when no registry answers, say so, and exit with 1", async () => {
    const { stdout, stderr, exitCode } = await idp("status", "--json");
    expect(exitCode).to.equal(1);
    expect(stderr).to.equal("on AWS");
    const { services, problems } = Board.parse(JSON.parse(stdout));
    expect(services.map(({ tag }) => tag)).to.deep.equal(["sha-0000001", "v1.0.0", "v1.0.0"]);
    expect(problems.map((problem) => problem.split(":")[0])).to.deep.equal([
      "No access to dev's registry 111111111111.dkr.ecr.us-west-2.amazonaws.com",
      "No access to staging's registry 222222222222.dkr.ecr.us-west-2.amazonaws.com",
      "No access to prod's registry 333333333333.dkr.ecr.us-west-2.amazonaws.com",
    ]);
  });

  it("print no colour and no other control character into a pipe", async () => {
    const { stdout } = await idp("status");
    expect(stdout).to.match(/^clock +dev +sha-0000001 +\? /m);
    expect(stdout.replaceAll("\n", "")).to.not.match(/\p{Cc}/u);
  });

  it("write the page to the given file", async () => {
    const { stdout, exitCode } = await idp("board", "--out", "board.html");
    expect([stdout, exitCode]).to.deep.equal(["wrote board.html", 1]);
    const page = readFileSync(join(platform.clone, "board.html"), "utf8");
    expect(page).to.match(/^<!doctype html>/);
    expect((await idp("board", "clock")).stdout).to.match(/^<!doctype html>/);
  });

  it("exit with 1 for an unknown service and with 2 for a wrong command line", async () => {
    const { stdout, stderr, exitCode } = await idp("status", "clok");
    expect([stdout, exitCode]).to.deep.equal(["", 1]);
    expect(stderr).to.include('There is no service "clok"; did you mean clock?');
    expect((await idp("status", "--jsn")).exitCode).to.equal(2);
    expect((await idp("diff", "clock", "dev", "production")).exitCode).to.equal(2);
  });
});
