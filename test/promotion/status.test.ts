import { createServer } from "node:net";
import { expect } from "chai";
import { environments, type Environment } from "../../config/environments.ts";
import { boardLines } from "../../cli/status.ts";
import type { Application } from "../../promotion/argocd.ts";
import { fileHistories, versionsIn } from "../../promotion/history.ts";
import type { Workspace } from "../../promotion/workspace.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { isComplete, type Board } from "../../promotion/board.ts";
import { readBoard } from "../../promotion/read-board.ts";
import { higherReleases } from "../../promotion/newest.ts";
import { failure, firstTags, Platform, serviceText } from "../support/platform.ts";

describe("the board", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => {
    platform.stop();
  });

  const change = (environment: Environment, tag: string, message: string, more = "") =>
    platform.commitElsewhere(
      { [serviceFileOf(environment, "clock")]: serviceText(environment, tag, more) },
      message,
    );
  const rowIn = ({ services }: Board, environment: Environment) => {
    const row = services.find((one) => one.environment === environment);
    if (!row) throw new Error(`no row of ${environment}`);
    return row;
  };
  const waiting = async () =>
    (await readBoard(platform.workspace)).services.map((row) => row.waiting?.join(" "));

  it("shows for every service and environment what its file names and its registry has", async () => {
    const digest = await platform.push("dev", "sha-0000001", 1);
    const commit = await platform.inRemote("rev-parse", "main");
    const date = new Date(await platform.inRemote("log", "-1", "--format=%cI", "main"));
    const by = { commit, author: "Test Person", date, subject: "Start" };
    const at = new Date(date.getTime() + 90_500);

    const board = await readBoard(platform.workspace, { at });
    expect(board).to.deep.equal({
      at,
      repository: { url: platform.remote, branch: "main", commit },
      services: environments.map((environment) => ({
        service: "clock",
        environment,
        file: `argocd/applications/${environment}/clock.yaml`,
        image: "idp/clock",
        tag: firstTags[environment],
        digest,
        built: new Date("2026-01-01T00:00:00Z"),
        ageSeconds: 90,
        waiting: [],
        hold: null,
        tagged: by,
        changed: by,
        problem: null,
      })),
      problems: [],
    });
    expect(isComplete(board)).to.equal(true);
  });

  it("writes nothing anywhere", async () => {
    const state = await platform.state();
    await readBoard(platform.workspace);
    expect(await platform.state()).to.deep.equal(state);
    for (const registry of Object.values(platform.registries)) {
      expect(registry.writes()).to.deep.equal([]);
    }
  });

  it("reports its progress, row by row", async () => {
    const told: string[] = [];
    const onRead = (done: number, total: number) => told.push(`${done} of ${total}`);
    await readBoard(platform.workspace, { onRead });
    expect(told).to.deep.equal(["1 of 3", "2 of 3", "3 of 3"]);
  });

  it("reads the remote, not the clone's own files", async () => {
    platform.edit({ [serviceFileOf("dev", "clock")]: serviceText("dev", "sha-0000009") });
    expect(rowIn(await readBoard(platform.workspace), "dev").tag).to.equal("sha-0000001");
  });

  it("distinguishes the change of the tag from the last change of the file", async () => {
    await change("dev", "sha-0000002", "Take a build");
    await platform.push("dev", "sha-0000002", 2);
    await change("dev", "sha-0000002", "Grow", "env: { A: b }\n");
    await change("dev", "sha-0000002", "Grow more", "env: { A: c }\n");
    const { tagged, changed } = rowIn(await readBoard(platform.workspace), "dev");
    expect([tagged?.subject, changed?.subject]).to.deep.equal(["Take a build", "Grow more"]);
  });

  it("counts a tag's age from when it last came back", async () => {
    await change("dev", "sha-0000002", "Forward");
    await change("dev", "sha-0000001", "Back");
    expect(rowIn(await readBoard(platform.workspace), "dev").tagged?.subject).to.equal("Back");
  });

  it("shows why a service is held, and what waits meanwhile", async () => {
    await platform.push("dev", "sha-0000002", 2);
    await change(
      "dev",
      "sha-0000001",
      "Hold it",
      "hold: { tag: sha-0000001, reason: load test until Friday }\n",
    );
    const board = await readBoard(platform.workspace);
    const { hold, waiting: tags } = rowIn(board, "dev");
    expect({ hold, tags }).to.deep.equal({
      hold: "load test until Friday",
      tags: ["sha-0000002"],
    });
    expect(boardLines(board)).to.include("held: clock in dev: load test until Friday");
    expect(boardLines(board)[3]).to.include(" sha-0000001 (held) ");
  });

  it("says in one line that prod is ahead of a staging that was rolled back", async () => {
    const ahead = async () =>
      boardLines(await readBoard(platform.workspace)).filter((line) => line.startsWith("ahead"));
    expect(await ahead()).to.deep.equal([]);
    await change("prod", "v1.2.0", "Promote");
    expect(await ahead()).to.deep.equal(["ahead: clock in prod has v1.2.0, staging names v1.0.0"]);
    await change("staging", "v1.1.0", "Back", "hold: { tag: v1.1.0, reason: leaks memory }\n");
    expect(await ahead()).to.deep.equal([
      "ahead: clock in prod has v1.2.0, staging holds v1.1.0: leaks memory",
    ]);
    await change("staging", "v1.2.0", "Forward again");
    expect(await ahead()).to.deep.equal([]);
  });

  it("says until when a release soaks before prod may have it", async () => {
    const soaks = async (at: Date) =>
      boardLines(await readBoard(platform.workspace, { at })).filter((line) =>
        line.startsWith("soaks"),
      );
    await change("staging", "v1.1.0", "Deploy");
    const since = new Date(await platform.inRemote("log", "-1", "--format=%cI", "main"));
    const minutes = (count: number) => new Date(since.getTime() + count * 60_000);
    expect(await soaks(minutes(1))).to.deep.equal([]);
    const text = await platform.inRemote("show", "main:Pulumi.prod.yaml");
    const more = "  idp:promotion: { soakMinutes: 60 }\n";
    await platform.commitElsewhere({ "Pulumi.prod.yaml": `${text}\n${more}` });
    const until = new Date(Math.ceil(minutes(60).getTime() / 60_000) * 60_000);
    const shown = until.toISOString().slice(0, 16).replace("T", " ");
    expect(await soaks(minutes(59))).to.deep.equal([
      `soaks: clock v1.1.0 in staging until ${shown} UTC`,
    ]);
    expect(await soaks(minutes(60))).to.deep.equal([]);
    await change("prod", "v1.1.0", "Promote");
    expect(await soaks(minutes(1))).to.deep.equal([]);
  });

  it("counts a merge as the change, because that is when the branch got it", async () => {
    await platform.inClone("checkout", "--quiet", "-b", "promote");
    platform.edit({ [serviceFileOf("prod", "clock")]: serviceText("prod", "v1.1.0") });
    await platform.inClone("commit", "--quiet", "-a", "-m", "Promote clock to v1.1.0");
    await change("dev", "sha-0000002", "Meanwhile");
    await platform.inClone("checkout", "--quiet", "main");
    await platform.inClone("pull", "--quiet", "origin", "main");
    await platform.inClone("merge", "--quiet", "--no-ff", "-m", "Merge it", "promote");
    await platform.inClone("push", "--quiet", "origin", "main");
    expect(rowIn(await readBoard(platform.workspace), "prod").changed?.subject).to.equal(
      "Merge it",
    );
  });

  describe("has as waiting", () => {
    it("in dev the builds that are newer by their dates, newest first, and no release", async () => {
      await change("dev", "sha-0000005", "Take a build");
      for (const [tag, day] of [
        ["sha-0000005", 5],
        ["sha-0000004", 4],
        ["sha-000000f", 6],
        ["sha-0000007", 7],
        ["v9.9.9", 9],
      ] as const) {
        await platform.push("dev", tag, day);
      }
      expect((await waiting())[0]).to.equal("sha-0000007 sha-000000f");
    });

    it("in staging and prod the higher releases, by number", async () => {
      for (const environment of ["staging", "prod"] as const) {
        for (const tag of ["v0.9.0", "v1.10.0", "v1.9.0", "sha-0000002"]) {
          await platform.push(environment, tag, 2);
        }
      }
      expect(await waiting()).to.deep.equal(["", "v1.10.0 v1.9.0", "v1.10.0 v1.9.0"]);
    });

    it("in prod also what staging runs, even if prod's registry lacks it", async () => {
      await platform.push("staging", "v1.2.0", 2);
      await change("staging", "v1.2.0", "Take a release");
      expect(await waiting()).to.deep.equal(["", "", "v1.2.0"]);
    });

    it("every build, when the registry lacks the one that the file names", async () => {
      await change("dev", "sha-fffffff", "Take what is not there");
      const board = await readBoard(platform.workspace);
      const { digest, waiting: tags, problem } = rowIn(board, "dev");
      expect({ digest, tags, problem }).to.deep.equal({
        digest: null,
        tags: ["sha-0000001"],
        problem: "dev's registry has no idp/clock:sha-fffffff",
      });
      expect(isComplete(board)).to.equal(false);
    });
  });

  it("asks for each image once, however many services run it", async () => {
    await platform.commitElsewhere({
      [serviceFileOf("dev", "alarm")]: serviceText("dev", "sha-0000001"),
    });
    await readBoard(platform.workspace);
    const { requests } = platform.registries.dev;
    expect(requests).to.have.length(3);
    expect(requests.map((request) => request.replace(/sha256:.*/, "<digest>"))).to.have.members([
      "GET /v2/idp/clock/manifests/sha-0000001",
      "GET /v2/idp/clock/blobs/<digest>",
      "GET /v2/idp/clock/tags/list",
    ]);
  });

  describe("with a registry that knows when tags were pushed", () => {
    const days: Readonly<Record<string, number>> = {
      "sha-0000001": 1,
      "sha-0000002": 2,
      "sha-0000003": 3,
      "sha-0000004": 4,
    };
    const withTimes = (
      pushTimes: (repository: string) => Promise<ReadonlyMap<string, Date>>,
    ): Workspace => {
      const { registryOf } = platform.workspace;
      return {
        ...platform.workspace,
        registryOf: async (environment, host) => ({
          ...(await registryOf(environment, host)),
          ...(environment === "dev" && { pushTimes }),
        }),
      };
    };
    beforeEach(async () => {
      for (const [tag, day] of Object.entries(days)) await platform.push("dev", tag, day);
      await change("dev", "sha-0000003", "Take a build");
      platform.registries.dev.requests.length = 0;
    });
    const lookedAt = () =>
      platform.registries.dev.requests.flatMap(
        (request) => /manifests\/(sha-\w+)$/.exec(request)?.[1] ?? [],
      );

    it("reads only builds that were pushed after the running one was built", async () => {
      const asked: string[] = [];
      const workspace = withTimes((repository) => {
        asked.push(repository);
        return Promise.resolve(
          new Map(
            Object.entries(days).map(([tag, day]) => [tag, new Date(Date.UTC(2026, 0, day, 1))]),
          ),
        );
      });
      expect(rowIn(await readBoard(workspace), "dev").waiting).to.deep.equal(["sha-0000004"]);
      expect(asked).to.deep.equal(["idp/clock"]);
      expect(lookedAt()).to.have.members(["sha-0000003", "sha-0000004"]);
    });

    it("reads all builds when it may not ask for push times", async () => {
      const workspace = withTimes(() => Promise.reject(new Error("AccessDenied")));
      const board = await readBoard(workspace);
      expect(rowIn(board, "dev").waiting).to.deep.equal(["sha-0000004"]);
      expect(isComplete(board)).to.equal(true);
      expect(lookedAt()).to.have.length(4);
    });
  });

  it("returns the rest when a registry is down, and says which one", async () => {
    platform.registries.staging.stop();
    const board = await readBoard(platform.workspace);
    expect(board.problems).to.have.length(1);
    expect(board.problems[0]).to.match(/^The registry of staging .* does not answer: ECONNREFUSED/);
    expect(isComplete(board)).to.equal(false);
    const { tag, digest, waiting: tags, problem, changed } = rowIn(board, "staging");
    expect({ tag, digest, tags, problem, subject: changed?.subject }).to.deep.equal({
      tag: "v1.0.0",
      digest: null,
      tags: null,
      problem: null,
      subject: "Start",
    });
    for (const environment of ["dev", "prod"] as const) {
      expect(rowIn(board, environment).digest).to.match(/^sha256:/);
    }
  });

  it("does not ask a silent registry again for every service", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `clock-${index}`);
    await platform.commitElsewhere(
      Object.fromEntries(
        names.map((name, index) => [
          serviceFileOf("dev", name),
          serviceText("dev", "sha-0000001").replace("idp/clock", `idp/clock${index}`),
        ]),
      ),
    );
    let connections = 0;
    const silent = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
    const { registryOf } = platform.workspace;
    const board = await readBoard({
      ...platform.workspace,
      registryOf: (environment, host) =>
        environment === "dev"
          ? Promise.resolve({ name: "dev", url })
          : registryOf(environment, host),
    });
    silent.close();
    expect(board.problems).to.have.length(1);
    expect(board.services.filter(({ digest }) => digest !== null)).to.have.length(2);
    expect(connections).to.be.within(1, 4);
  });

  it("keeps a refusal of one repository in its row", async () => {
    platform.registries.dev.fails = (request) => request.includes("idp/clock/tags");
    const board = await readBoard(platform.workspace);
    expect(board.problems).to.deep.equal([]);
    expect(rowIn(board, "dev").problem).to.include("answered 500 for the tags of idp/clock");
    expect(isComplete(board)).to.equal(false);
  });

  it("says which account is not decided, and returns the rest", async () => {
    await platform.commitElsewhere({
      "Pulumi.prod.yaml":
        'config:\n  idp:aws: { accountId: "000000000000", region: us-west-2 }\n  idp:images: { strategy: pinned }\n',
    });
    const board = await readBoard(platform.workspace);
    expect(board.problems.join()).to.include("The account of prod is not decided");
    expect(rowIn(board, "dev").digest).to.match(/^sha256:/);
  });

  it("has a row for a file that is not valid: the line, the commit that broke it, the way back", async () => {
    await change("dev", "latest", "Break it");
    const broken = (await platform.inRemote("rev-parse", "main")).slice(0, 7);
    await change("dev", "latest # still", "Leave it broken");
    const { tag, problem, changed } = rowIn(await readBoard(platform.workspace), "dev");
    expect([tag, problem, changed?.subject]).to.deep.equal([
      null,
      `argocd/applications/dev/clock.yaml:4:8 is not valid since ${broken} (Test Person: Break it): image.tag: found latest; must be sha-<7 hex digits> or v<major>.<minor>.<patch>. Fix: write for example tag: sha-3f2a9c1, or bring back the text before: idp rollback clock dev`,
      "Leave it broken",
    ]);
  });

  it("shows every other row as it is when a file has bytes that are not UTF-8", async () => {
    const others = (board: Board) =>
      board.services.filter(({ environment }) => environment !== "dev");
    const at = new Date();
    const before = others(await readBoard(platform.workspace, { at }));
    const text = `# Gr\xfc\xdfe\n${serviceText("dev", firstTags.dev)}`;
    await platform.commitElsewhere(
      { [serviceFileOf("dev", "clock")]: Buffer.from(text, "latin1") },
      "Greet",
    );
    const board = await readBoard(platform.workspace, { at });
    expect(others(board)).to.deep.equal(before);
    expect(rowIn(board, "dev").problem).to.match(
      /^argocd\/applications\/dev\/clock.yaml:1:5 is not valid since \w{7} \(Test Person: Greet\): found bytes that are not UTF-8, or U\+FFFD in their place; must be text in UTF-8\. Fix: /,
    );
  });

  it("can show some services only, and refuses unknown ones", async () => {
    await platform.commitElsewhere({
      [serviceFileOf("dev", "alarm")]: serviceText("dev", "sha-0000001"),
    });
    const { services } = await readBoard(platform.workspace, { services: ["alarm"] });
    expect(services.map(({ service, environment }) => `${service} ${environment}`)).to.deep.equal([
      "alarm dev",
    ]);
    expect(await failure(readBoard(platform.workspace, { services: ["clok"] }))).to.equal(
      'There is no service "clok"; did you mean clock? There are: alarm, clock.\nFix: a service is a file argocd/applications/dev/<service>.yaml',
    );
  });

  describe("with the clusters asked", () => {
    const host = "111111111111.dkr.ecr.us-west-2.amazonaws.com";
    const application = (...tags: string[]): Application => ({
      metadata: { name: "clock" },
      spec: {},
      status: {
        sync: { status: "OutOfSync" },
        health: { status: "Progressing" },
        summary: { images: tags.map((tag) => `${host}/idp/clock:${tag}`) },
        conditions: [{ type: "SyncError", message: "denied" }],
      },
    });

    it("shows Argo CD's report, and the digests of what runs", async () => {
      const digest = await platform.push("dev", "sha-0000001", 1);
      const asked: string[] = [];
      const board = await readBoard(platform.workspace, {
        applications: (environment, region) => {
          asked.push(`${environment} ${region}`);
          return Promise.resolve([application("sha-0000001", "sha-0000009")]);
        },
      });
      expect(asked).to.deep.equal(["dev us-west-2", "staging us-west-2", "prod us-west-2"]);
      expect(rowIn(board, "dev").cluster).to.deep.equal({
        sync: "OutOfSync",
        health: "Progressing",
        message: "SyncError: denied",
        images: [
          { image: "idp/clock", tag: "sha-0000001", digest },
          { image: "idp/clock", tag: "sha-0000009", digest: null },
        ],
      });
      expect(boardLines(board)).to.include("problem: clock in dev: SyncError: denied");
    });

    it("has a problem where there is a file and no Application", async () => {
      const board = await readBoard(platform.workspace, {
        applications: () => Promise.resolve([]),
      });
      expect(rowIn(board, "prod").cluster).to.deep.equal({
        sync: "Missing",
        health: "Missing",
        message: "Argo CD has no Application of it. Fix: npx idp refresh prod has it look now",
        images: [],
      });
      expect(boardLines(board)[3]).to.match(/ -  +- +Missing +Missing +[0-9a-f]{7} /);
      expect(isComplete(board)).to.equal(false);
    });

    it("returns the rest when one does not answer, and says so", async () => {
      const board = await readBoard(platform.workspace, {
        applications: (environment) =>
          environment === "prod"
            ? Promise.reject(new Error("prod's cluster cannot be asked"))
            : Promise.resolve([application("v1.0.0")]),
      });
      expect(board.problems).to.deep.equal(["prod's cluster cannot be asked"]);
      expect(rowIn(board, "prod").cluster).to.equal(null);
      expect(rowIn(board, "prod").digest).to.match(/^sha256:/);
      expect(rowIn(board, "staging").cluster?.sync).to.equal("OutOfSync");
      expect(isComplete(board)).to.equal(false);
    });

    it("says in one line what keeps Argo CD from all service files, whose line it is, and the way out", async () => {
      await change("dev", "sha-0000001", "Break it", "a: [\n");
      const message =
        "error generating params from git: unable to process file 'argocd/applications/dev/clock.yaml' from repository 'x': unable to parse file: error converting YAML to JSON: yaml: line 7";
      const read = () =>
        readBoard(platform.workspace, {
          applications: () => Promise.resolve([application("v1.0.0")]),
          applicationSet: (environment) =>
            Promise.resolve({
              metadata: {},
              status: {
                conditions: [
                  {
                    type: "ErrorOccurred",
                    status: environment === "dev" ? "True" : "False",
                    message,
                    lastTransitionTime: "2026-11-28T06:12:03Z",
                  },
                ],
              },
            }),
        });
      const board = await read();
      const begin = "dev's ApplicationSet is in error since 2026-11-28 06:12 UTC: ";
      const meanwhile =
        "Meanwhile no service appears or goes there, and a new hold keeps no update from its file.";
      expect(board.problems).to.have.length(1);
      const [problem = ""] = board.problems;
      expect(problem).to.include(`${begin}argocd/applications/dev/clock.yaml:`);
      expect(problem.split("\n")).to.have.length(1);
      expect(problem).to.include(`. ${meanwhile} Fix: mend that line, then npx idp refresh dev`);
      expect(isComplete(board)).to.equal(false);

      // Argo CD looks again three minutes later only.
      await change("dev", "sha-0000001", "Mend it");
      expect((await read()).problems).to.deep.equal([
        `${begin}${message}. ${meanwhile} Fix: npx idp refresh dev`,
      ]);
    });

    it("says so when what makes the Applications cannot be read", async () => {
      const board = await readBoard(platform.workspace, {
        applications: () => Promise.resolve([application("v1.0.0")]),
        applicationSet: () => Promise.reject(new Error("forbidden")),
      });
      expect(board.problems).to.deep.equal(["forbidden", "forbidden", "forbidden"]);
    });

    it("lists what runs without a file, unless only some services are asked for", async () => {
      const old = { ...application("v0.9.0"), metadata: { name: "abacus" } };
      const applications = (environment: Environment) =>
        Promise.resolve(environment === "dev" ? [application("sha-0000001")] : [old]);
      const cluster = {
        sync: "OutOfSync",
        health: "Progressing",
        message: "",
        images: [{ image: "idp/clock", tag: "v0.9.0", digest: null }],
      };
      const board = await readBoard(platform.workspace, { applications });
      expect(board.strays).to.deep.equal([
        { service: "abacus", environment: "staging", cluster },
        { service: "abacus", environment: "prod", cluster },
      ]);
      expect(boardLines(board)).to.include(
        "without a file: abacus in prod: v0.9.0 OutOfSync Progressing",
      );
      const some = await readBoard(platform.workspace, { applications, services: ["clock"] });
      expect("strays" in some).to.equal(false);
    });

    it("says that no update is written under an image's new name, or of a new service, before pulumi up", async () => {
      const asked: string[] = [];
      const problems = async (images: Readonly<Record<string, string>>) => {
        const board = await readBoard(platform.workspace, {
          applications: () => Promise.resolve([application("v1.0.0")]),
          updatedImages: (environment, region) => {
            asked.push(`${environment} ${region}`);
            return Promise.resolve(new Map(Object.entries(images)));
          },
        });
        return board.services.map(({ problem }) => problem);
      };
      const image = (environment: Environment, name = "idp/clock") =>
        `${/\d{12}/.exec(serviceText(environment, "v1.0.0"))?.[0] ?? ""}.dkr.ecr.us-west-2.amazonaws.com/${name}`;
      const staging = `no update of ${image("staging")} is written: Image Updater looks for ${image("dev")}. Fix: pulumi up -s staging`;
      expect(await problems({ clock: image("dev") })).to.deep.equal([null, staging, null]);
      expect(asked, "prod has no Image Updater").to.deep.equal([
        "dev us-west-2",
        "staging us-west-2",
      ]);
      expect((await problems({ alarm: image("dev") }))[0]).to.equal(
        `no update of ${image("dev")} is written: Image Updater does not know the service. Fix: pulumi up -s dev`,
      );
    });

    it("does not ask for image updates where the Applications could not be read", async () => {
      const board = await readBoard(platform.workspace, {
        applications: () => Promise.reject(new Error("no answer")),
        updatedImages: () => Promise.reject(new Error("asked a second time")),
      });
      expect(board.problems).to.deep.equal(["no answer", "no answer", "no answer"]);
    });

    it("has no such field when they were not asked", async () => {
      const { services } = await readBoard(platform.workspace);
      expect(services.filter((row) => "cluster" in row)).to.deep.equal([]);
    });
  });

  it("fails as a whole when the git server is down", async () => {
    await platform.inClone("remote", "set-url", "origin", "http://127.0.0.1:9/idp.git");
    expect(await failure(readBoard(platform.workspace))).to.include("Could not fetch");
  });

  it("is a table for a person, with the problems below it", async () => {
    const digest = await platform.push("staging", "v1.1.0", 2);
    await change("staging", "v1.1.0", "Take v1.1.0");
    for (const tag of ["sha-0000002", "sha-0000003"]) await platform.push("dev", tag, 3);
    platform.registries.prod.stop();
    const board = await readBoard(platform.workspace);
    const at = new Date((rowIn(board, "dev").tagged?.date.getTime() ?? 0) + 3.5 * 60 * 60 * 1000);
    const lines = boardLines(await readBoard(platform.workspace, { at }));
    const [first, third] = [board.services[0]?.digest ?? "", board.services[1]?.changed?.commit];
    expect(lines.slice(2, 6)).to.deep.equal([
      "SERVICE  ENVIRONMENT  TAG          DIGEST               AGE  WAITING                 LAST CHANGE",
      `clock    dev          sha-0000001  ${first.slice(0, 19)}  3 h  sha-0000002 and 1 more  ${board.services[0]?.changed?.commit.slice(0, 7) ?? ""} Test Person: Start`,
      `clock    staging      v1.1.0       ${digest.slice(0, 19)}  3 h  -                       ${third?.slice(0, 7) ?? ""} Test Person: Take v1.1.0`,
      `clock    prod         v1.0.0       ?                    3 h  ?                       ${board.services[0]?.changed?.commit.slice(0, 7) ?? ""} Test Person: Start`,
    ]);
    expect(lines.at(-1)).to.match(/^problem: The registry of prod /);
  });
});

describe("releases", () => {
  it("are compared part by part as numbers of any length, without duplicates", () => {
    const tags = ["v1.0.0", "v1.0.10", "v1.0.9", "v0.99.99", "v2.0.0", "v2.0.0", "latest"];
    expect(higherReleases(tags, "v1.0.0")).to.deep.equal(["v2.0.0", "v1.0.10", "v1.0.9"]);
    expect(higherReleases(["v99999999999999999998.0.0"], "v99999999999999999999.0.0")).to.be.empty;
  });

  it("all wait when the file names no release", () => {
    expect(higherReleases(["v1.0.0", "sha-0000001"], "sha-0000001")).to.deep.equal(["v1.0.0"]);
  });
});

describe("the history of a file", () => {
  const text = (tag: string) => serviceText("dev", tag);
  const by = (commit: string) => ({ commit, author: "A", date: new Date(0), subject: "S" });

  it("is read from git's raw log, without unchanged paths", () => {
    const log =
      "\x01c2\0A b\x002026-01-02T00:00:00Z\0Second | subject\n\n:100644 100644 aa bb M\tx/y.yaml\n:100644 000000 cc 00 D\tx/z.yaml\n\x01c1\0A\x002026-01-01T00:00:00Z\0First\n";
    const second = {
      commit: "c2",
      author: "A b",
      date: new Date("2026-01-02T00:00:00Z"),
      subject: "Second | subject",
    };
    expect(versionsIn(log)).to.deep.equal([
      { path: "x/y.yaml", blob: "bb", by: second },
      { path: "x/z.yaml", blob: "00", by: second },
    ]);
    expect(versionsIn("")).to.deep.equal([]);
  });

  it("reads no more texts than it needs", async () => {
    const versions = Array.from({ length: 100 }, (_, index) => ({
      path: "a.yaml",
      blob: `b${index}`,
      by: by(`c${index}`),
    }));
    const read: string[] = [];
    const histories = await fileHistories(["a.yaml"], versions, (blobs) => {
      read.push(...blobs);
      return Promise.resolve(
        blobs.map((blob) => text(Number(blob.slice(1)) < 5 ? "sha-0000002" : "sha-0000001")),
      );
    });
    expect(histories.get("a.yaml")?.tagged.commit).to.equal("c4");
    expect(read).to.have.length(8);
  });

  it("ends where the file was deleted", async () => {
    const versions = ["new", "zeros", "old"].map((blob, index) => ({
      path: "a.yaml",
      blob,
      by: by(`c${index}`),
    }));
    const histories = await fileHistories(["a.yaml"], versions, (blobs) =>
      Promise.resolve(blobs.map((blob) => (blob === "zeros" ? undefined : text("sha-0000001")))),
    );
    expect(histories.get("a.yaml")?.tagged.commit).to.equal("c0");
  });
});
