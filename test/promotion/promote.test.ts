import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { finding } from "../../catalog/finding.ts";
import { comparePage } from "../../cli/promote.ts";
import { evidenceText, type Evidence } from "../../promotion/evidence.ts";
import { hold, rollback } from "../../promotion/hold.ts";
import { promote, stayOf, type PromoteTools } from "../../promotion/promote.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { Repository } from "../../promotion/repository.ts";
import { failure, identity, Platform, serviceText } from "../support/platform.ts";

const request = { service: "clock", version: "v1.1.0" };
const path = serviceFileOf("prod", "clock");

/** A chart that renders its values, and rules that find nothing. */
const tools: PromoteTools = {
  helm: (args) => Promise.resolve(readFileSync(args[args.indexOf("--values") + 1] ?? "", "utf8")),
  check: () => Promise.resolve([]),
};

describe("promote", () => {
  let platform: Platform;
  let digest: string;
  beforeEach(async () => {
    platform = await Platform.start();
    await platform.commitElsewhere({
      "helm-charts/standard-service/Chart.yaml": "name: standard-service\n",
      "policy/exceptions.yaml": "[]\n",
    });
    digest = await platform.push("dev", "sha-0000002", 2);
    await platform.push("staging", "v1.1.0", 2);
    await platform.push("prod", "v1.1.0", 2);
    await platform.commitElsewhere(
      { [serviceFileOf("staging", "clock")]: serviceText("staging", "v1.1.0") },
      "Deploy clock v1.1.0",
    );
    for (const registry of Object.values(platform.registries)) registry.requests.length = 0;
  });
  afterEach(() => {
    platform.stop();
  });

  it("changes one line of one file on a branch, and leaves main unchanged", async () => {
    const main = await platform.inRemote("rev-parse", "main");
    const made = await promote(platform.workspace, request, tools);
    const branch = "promote/prod/clock-v1.1.0";
    expect(made).to.deep.include({
      service: "clock",
      environment: "prod",
      before: "v1.0.0",
      tag: "v1.1.0",
      hold: null,
      branch,
      commit: await platform.inRemote("rev-parse", branch),
    });
    expect(await platform.inRemote("rev-parse", "main")).to.equal(main);
    expect(await platform.inRemote("rev-parse", `${branch}^`)).to.equal(main);
    expect(await platform.inRemote("diff", "--numstat", "main", branch)).to.equal(`1\t1\t${path}`);
    expect(await platform.fileOf("prod", branch)).to.equal(serviceText("prod", "v1.1.0"));
    for (const registry of Object.values(platform.registries)) {
      expect(registry.writes()).to.deep.equal([]);
    }
  });

  it("carries the evidence in the commit", async () => {
    const made = await promote(platform.workspace, request, tools);
    const since = new Date(await platform.inRemote("log", "-1", "--format=%aI", "main"));
    expect(made.evidence).to.deep.include({
      before: "v1.0.0",
      image: "idp/clock",
      digest,
      build: "sha-0000002",
      staging: { since, until: null, argoCd: null },
      findings: [],
    });
    expect(made.evidence?.manifest).to.include("-  tag: v1.0.0 # the version");
    expect(made.evidence?.manifest).to.include("+  tag: v1.1.0 # the version");
    expect(`${await platform.inRemote("log", "-1", "--format=%B", made.branch ?? "")}\n`).to.equal(
      `${made.text}\n`,
    );
  });

  it("takes its own branch the second time, also when main went on", async () => {
    const { commit, branch } = await promote(platform.workspace, request, tools);
    expect(await promote(platform.workspace, request, tools)).to.include({ commit, branch });
    await hold(platform.workspace, { service: "clock", environment: "dev", reason: "audit" });
    expect(await promote(platform.workspace, request, tools)).to.include({ commit, branch });
  });

  /** Staging's Argo CD, which says this of clock. */
  const cluster = (
    { sync = "Synced", health = "Healthy", since = "", images = ["v1.1.0"] },
    asked: string[] = [],
  ): PromoteTools => ({
    ...tools,
    applications: (environment) => {
      asked.push(environment);
      return Promise.resolve([
        {
          metadata: { name: "clock" },
          spec: {},
          status: {
            sync: { status: sync },
            health: { status: health, lastTransitionTime: since },
            summary: {
              images: images.map((tag) => `2.dkr.ecr.us-west-2.amazonaws.com/idp/clock:${tag}`),
            },
          },
        },
      ]);
    },
  });

  it("includes staging's Argo CD when wanted, and asks no other", async () => {
    const asked: string[] = [];
    const { evidence } = await promote(platform.workspace, request, cluster({}, asked));
    expect(asked).to.deep.equal(["staging"]);
    expect(evidence?.staging.argoCd).to.deep.equal({
      sync: "Synced",
      health: "Healthy",
      tags: ["v1.1.0"],
    });
  });

  describe("whose ground has gone", () => {
    const nevertheless = `Nothing was changed. To propose it nevertheless, with the reason in the pull request: idp promote clock v1.1.0 --force --reason "<text>"`;
    const staging = (tag: string, more = "") =>
      platform.commitElsewhere({
        [serviceFileOf("staging", "clock")]: serviceText("staging", tag, more),
      });
    const cases: readonly (readonly [
      what: string,
      make: () => Promise<unknown>,
      own: PromoteTools,
      said: string,
    ])[] = [
      [
        "staging was rolled back",
        () =>
          rollback(platform.workspace, {
            service: "clock",
            environment: "staging",
            to: "v1.0.0",
            reason: "leaks memory",
          }),
        tools,
        "staging holds v1.0.0: leaks memory\n  Fix: when staging may go on, idp unhold clock staging, and promote what it takes then",
      ],
      [
        "staging is held at a higher version",
        () => staging("v1.1.0", 'hold: { tag: v1.2.0, reason: "a load test" }\n'),
        tools,
        "staging holds v1.2.0: a load test\n  Fix: when staging may go on, idp unhold clock staging, and promote what it takes then",
      ],
      [
        "staging went on",
        () => staging("v1.2.0"),
        tools,
        "staging's file no longer names it, but v1.2.0\n  Fix: promote that one: idp promote clock v1.2.0",
      ],
      [
        "staging still runs the version before",
        () => Promise.resolve(),
        cluster({ images: ["v1.0.0"] }),
        "staging runs v1.0.0\n  Fix: wait until idp status clock --cluster says Synced and Healthy",
      ],
      [
        "staging is just changing",
        () => Promise.resolve(),
        cluster({ images: ["v1.0.0", "v1.1.0"], health: "Progressing" }),
        "staging runs v1.0.0 and v1.1.0\n  Fix: wait until idp status clock --cluster says Synced and Healthy\nstaging's Argo CD says Progressing\n  Fix: wait until idp status clock --cluster says Synced and Healthy",
      ],
      [
        "staging is Degraded",
        () => Promise.resolve(),
        cluster({ health: "Degraded" }),
        "staging's Argo CD says Degraded\n  Fix: wait until idp status clock --cluster says Synced and Healthy",
      ],
      [
        "staging is OutOfSync",
        () => Promise.resolve(),
        cluster({ sync: "OutOfSync" }),
        "staging's Argo CD says OutOfSync\n  Fix: wait until idp status clock --cluster says Synced and Healthy",
      ],
    ];
    for (const [what, make, own, said] of cases) {
      it(`is refused with reason and fix, and nothing else happens: ${what}`, async () => {
        await make();
        const state = await platform.state();
        expect(await failure(promote(platform.workspace, request, own))).to.equal(
          `clock v1.1.0 should not go to prod now:\n${said}\n${nevertheless}`,
        );
        expect(await platform.state()).to.deep.equal(state);
      });
    }

    it("is proposed by force, and the commit says what spoke against it and why", async () => {
      await staging("v1.0.0", 'hold: { tag: v1.0.0, reason: "leaks memory" }\n');
      const force = "prod needs the fix, and has memory";
      const own = cluster({ health: "Degraded", images: ["v1.0.0"] });
      const { evidence, branch } = await promote(platform.workspace, { ...request, force }, own);
      const against = [
        "staging holds v1.0.0: leaks memory",
        "staging runs v1.0.0",
        "staging's Argo CD says Degraded",
      ];
      expect(evidence?.forced).to.deep.equal({ reason: force, against });
      const trailers = ["log", "-1", "--format=%(trailers:only)", branch ?? ""];
      expect((await platform.inRemote(...trailers)).trim()).to.equal(
        [`Forced-because: ${force}`, ...against.map((why) => `Forced-against: ${why}`)].join("\n"),
      );
      const body = await platform.inRemote("log", "-1", "--format=%B", branch ?? "");
      expect(body).to.include(
        `## Forced\n\nAgainst the promotion:\n\n- ${against.join("\n- ")}\n\nWhy: ${force}\n`,
      );
    });

    it("is not taken as proposed by force from a branch that does not say so", async () => {
      await promote(platform.workspace, request, tools);
      await staging("v1.0.0", 'hold: { tag: v1.0.0, reason: "leaks memory" }\n');
      const forced = { ...request, force: "why not" };
      expect(await failure(promote(platform.workspace, forced, tools))).to.equal(
        'The branch promote/prod/clock-v1.1.0 already exists, but its commit does not say "Forced-because: why not".\nNothing was changed. Fix: merge it, or delete it: git push origin --delete promote/prod/clock-v1.1.0',
      );
      await platform.inRemote("branch", "-D", "promote/prod/clock-v1.1.0");
      const { commit } = await promote(platform.workspace, forced, tools);
      expect((await promote(platform.workspace, forced, tools)).commit).to.equal(commit);
    });

    it("takes a reason of one line only", async () => {
      const state = await platform.state();
      const forced = { ...request, force: "a\nb" };
      expect(await failure(promote(platform.workspace, forced, tools))).to.include(
        'Nothing was changed. Fix: --reason "<text>"',
      );
      expect(await platform.state()).to.deep.equal(state);
    });
  });

  it("has nothing forced where nothing speaks against it", async () => {
    const made = await promote(platform.workspace, { ...request, force: "to be sure" }, tools);
    expect(made.evidence).to.not.have.property("forced");
    expect(made.text).to.not.include("Forced");
  });

  describe("with a soak of an hour", () => {
    let since: Date;
    const minute = 60_000;
    const at = (minutes: number) => new Date(since.getTime() + minutes * minute);
    const shown = (date: Date) =>
      `${new Date(Math.ceil(date.getTime() / minute) * minute).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const settings = async (soakMinutes: string) => {
      const text = await platform.inRemote("show", "main:Pulumi.prod.yaml");
      const more = `  idp:promotion: { soakMinutes: ${soakMinutes} }\n`;
      await platform.commitElsewhere({ "Pulumi.prod.yaml": `${text}\n${more}` });
    };
    beforeEach(async () => {
      since = new Date(await platform.inRemote("log", "-1", "--format=%cI", "main"));
      await settings("60");
    });

    it("is refused until staging's file has named it for an hour", async () => {
      const state = await platform.state();
      const early = { ...request, at: new Date(at(60).getTime() - 1) };
      expect(await failure(promote(platform.workspace, early, tools))).to.include(
        `it soaks until ${shown(at(60))}: staging's file names it since `,
      );
      expect(await platform.state()).to.deep.equal(state);
      const { evidence, text } = await promote(
        platform.workspace,
        { ...request, at: at(60) },
        tools,
      );
      expect(evidence?.soak).to.deep.equal({ minutes: 60, healthSince: null });
      expect(text).to.include("- it must have been there for 60 min (idp:promotion.soakMinutes)\n");
    });

    it("counts from when the version came back, not from its first time", async () => {
      for (const tag of ["v1.0.0", "v1.1.0"]) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await platform.commitElsewhere({
          [serviceFileOf("staging", "clock")]: serviceText("staging", tag),
        });
      }
      const back = new Date(await platform.inRemote("log", "-1", "--format=%cI", "main"));
      const early = { ...request, at: new Date(back.getTime() + 60 * minute - 1) };
      expect(await failure(promote(platform.workspace, early, tools))).to.include("it soaks until");
      await promote(
        platform.workspace,
        { ...request, at: new Date(back.getTime() + 60 * minute) },
        tools,
      );
    });

    it("with the cluster, also until it has been Healthy for an hour", async () => {
      const own = cluster({ since: at(30).toISOString() });
      const early = { ...request, at: at(89) };
      expect(await failure(promote(platform.workspace, early, own))).to.include(
        `it soaks until ${shown(at(90))}: Argo CD calls it Healthy since `,
      );
      const { evidence, text } = await promote(platform.workspace, { ...request, at: at(90) }, own);
      expect(evidence?.soak).to.deep.equal({ minutes: 60, healthSince: at(30) });
      expect(text).to.include("- Argo CD says Synced and Healthy since ");
    });

    it("does not guess where Argo CD gives no time", async () => {
      const late = { ...request, at: at(1_000) };
      expect(await failure(promote(platform.workspace, late, cluster({})))).to.include(
        "it is not known since when Argo CD calls it Healthy, and idp:promotion.soakMinutes is 60",
      );
    });

    it("is proposed earlier by force", async () => {
      const { evidence } = await promote(
        platform.workspace,
        { ...request, at: at(1), force: "prod is down" },
        tools,
      );
      expect(evidence?.forced?.against.map((why) => why.split(":")[0])).to.deep.equal([
        `it soaks until ${shown(at(60)).split(":")[0] ?? ""}`,
      ]);
    });

    for (const wrong of ['"60"', "-1", "20161", "1.5"]) {
      it(`is not skipped because the setting is wrong: ${wrong}`, async () => {
        const text = await platform.inRemote("show", "main:Pulumi.prod.yaml");
        await platform.commitElsewhere({
          "Pulumi.prod.yaml": `${text.replace("soakMinutes: 60", `soakMinutes: ${wrong}`)}\n`,
        });
        expect(
          await failure(promote(platform.workspace, { ...request, at: at(1_000) }, tools)),
        ).to.include("idp:promotion.soakMinutes: found ");
      });
    }
  });

  it("gives the rules the files after the change, prod's file before it, and what staging has had", async () => {
    let seen: unknown;
    await promote(platform.workspace, request, {
      ...tools,
      check: (root, before, had) => {
        seen = [
          ...["staging", "prod"].map((name) => had?.(`argocd/applications/${name}/clock.yaml`)),
          readFileSync(join(root, path), "utf8"),
          before(path),
          before(serviceFileOf("staging", "clock")),
          [
            "Pulumi.prod.yaml",
            "helm-charts/standard-service/Chart.yaml",
            "policy/exceptions.yaml",
          ].map((file) => existsSync(join(root, file))),
        ];
        return Promise.resolve([]);
      },
    });
    expect(seen).to.deep.equal([
      ["v1.1.0", "v1.0.0"],
      [],
      serviceText("prod", "v1.1.0"),
      serviceText("prod", "v1.0.0"),
      undefined,
      [true, true, true],
    ]);
  });

  it("accepts by force a version that staging ran before a newer one", async () => {
    await platform.push("staging", "v1.2.0", 3);
    await platform.commitElsewhere({
      [serviceFileOf("staging", "clock")]: serviceText("staging", "v1.2.0"),
    });
    const forced = { ...request, force: "v1.2.0 is not for prod" };
    const { evidence } = await promote(platform.workspace, forced, tools);
    expect(evidence?.staging.until).to.be.instanceOf(Date);
  });

  it("succeeds without a build that dev's registry no longer has", async () => {
    await platform.push("staging", "v1.3.0", 9);
    await platform.push("prod", "v1.3.0", 9);
    await platform.commitElsewhere({
      [serviceFileOf("staging", "clock")]: serviceText("staging", "v1.3.0"),
    });
    const made = await promote(platform.workspace, { ...request, version: "v1.3.0" }, tools);
    expect(made.evidence?.build).to.equal(null);
    expect(made.text).to.include("- dev: its build is no longer there");
  });

  it("works through a bare clone", async () => {
    const bare = join(platform.scratch, "bare.git");
    await platform.inRemote("clone", "--quiet", "--bare", platform.remote, bare);
    const workspace = {
      ...platform.workspace,
      repository: await Repository.open(bare, { identity }),
    };
    expect((await promote(workspace, request, tools)).branch).to.equal("promote/prod/clock-v1.1.0");
  });

  it("does nothing when prod's file already names the version", async () => {
    const state = await platform.state();
    const made = await promote(platform.workspace, { ...request, version: "v1.0.0" }, tools);
    expect(made).to.deep.include({ tag: "v1.0.0", commit: null, branch: null, evidence: null });
    expect(await platform.state()).to.deep.equal(state);
  });

  describe("refuses, and leaves registries and git as they were:", () => {
    const refused = async (version: string, words: readonly string[], own = tools) => {
      const state = await platform.state();
      const said = await failure(promote(platform.workspace, { service: "clock", version }, own));
      for (const word of words) expect(said).to.include(word);
      expect(await platform.state()).to.deep.equal(state);
    };

    for (const version of ["latest", "v1.2", "sha-0000002"]) {
      it(`the version ${version}`, () => refused(version, ["is not a release version", "v1.2.3"]));
    }

    it("a lower version", () =>
      refused("v0.9.0", [
        "prod runs clock v1.0.0, which is higher than v0.9.0",
        "idp rollback clock prod --to v0.9.0",
      ]));

    it("a version that was not released", () =>
      refused("v1.5.0", [
        "The registry of staging",
        "has no idp/clock:v1.5.0",
        "idp release clock v1.5.0",
      ]));

    it("a version that is two images", async () => {
      await platform.push("staging", "v1.6.0", 4);
      await platform.push("prod", "v1.6.0", 5);
      await refused("v1.6.0", [
        "idp/clock:v1.6.0 is not the same image everywhere",
        "the next version",
      ]);
    });

    it("a version that staging never ran", async () => {
      await platform.push("staging", "v1.6.0", 4);
      await platform.push("prod", "v1.6.0", 4);
      await refused("v1.6.0", ["staging has not run clock v1.6.0; it runs v1.1.0"]);
    });

    it("a service that prod holds", async () => {
      await hold(platform.workspace, { service: "clock", environment: "prod", reason: "audit" });
      await platform.inRemote("update-ref", "refs/heads/main", "hold/prod/clock");
      await refused("v1.1.0", ["prod holds clock at v1.0.0: audit", "idp unhold clock prod"]);
    });

    it("a change that breaks a rule", () =>
      refused("v1.1.0", ["would break rules", "path.yaml some-rule: found this; must be that"], {
        ...tools,
        check: () =>
          Promise.resolve([
            finding(
              { file: "path.yaml", line: 1, column: 1 },
              { rule: "some-rule", key: "", found: "this", allowed: "must be that", fix: "so" },
            ),
          ]),
      }));

    it("a service that does not exist", async () => {
      const said = await failure(
        promote(platform.workspace, { service: "clok", version: "v1.1.0" }, tools),
      );
      expect(said).to.include('prod has no service "clok"; did you mean clock?');
    });

    it("a branch that already exists, with another change", async () => {
      await promote(platform.workspace, request, tools);
      await platform.inRemote("update-ref", "refs/heads/promote/prod/clock-v1.1.0", "main");
      await refused("v1.1.0", ["The branch promote/prod/clock-v1.1.0 already exists"]);
    });

    it("a cluster that does not answer", () =>
      refused("v1.1.0", ["staging's cluster cannot be asked"], {
        ...tools,
        applications: () => Promise.reject(new Error("staging's cluster cannot be asked")),
      }));

    for (const environment of ["dev", "staging", "prod"] as const) {
      it(`when ${environment}'s registry is down`, async () => {
        platform.registries[environment].stop();
        await refused("v1.1.0", [`The registry of ${environment}`, "does not answer"]);
      });
    }
  });
});

describe("stayOf", () => {
  const history = (...tags: string[]) =>
    tags.map((tag, index) => ({
      commit: "",
      author: "",
      date: new Date(Date.UTC(2026, 0, tags.length - index)),
      subject: "",
      text: serviceText("staging", tag),
    }));
  const day = (number: number) => new Date(Date.UTC(2026, 0, number));

  for (const [what, tags, stay] of [
    ["still there", ["v1.1.0", "v1.0.0"], { since: day(2), until: null }],
    [
      "through other changes of the file",
      ["v1.1.0", "v1.1.0", "v1.0.0"],
      { since: day(2), until: null },
    ],
    ["over", ["v1.2.0", "v1.1.0", "v1.0.0"], { since: day(2), until: day(3) }],
    ["from the beginning", ["v1.1.0", "v1.1.0"], { since: day(1), until: null }],
    ["none", ["v1.0.0"], undefined],
  ] as const) {
    it(`is ${what}`, () => {
      expect(stayOf(history(...tags), "v1.1.0")).to.deep.equal(stay);
    });
  }
});

describe("evidenceText", () => {
  const evidence: Evidence = {
    service: "clock",
    version: "v1.1.0",
    before: "v1.0.0",
    file: path,
    image: "idp/clock",
    digest: "sha256:abc",
    build: "sha-0000002",
    staging: { since: new Date("2026-01-02T03:04:05Z"), until: null, argoCd: null },
    findings: [],
    manifest: "--- prod now\n+++ prod after\n-a\n+b\n",
  };

  it("is a title and a body for the reviewer", () => {
    expect(evidenceText(evidence)).to.equal(`Promote clock v1.1.0 to prod

v1.0.0 -> v1.1.0, one line of ${path}. Nothing runs before a person syncs.

## One image

sha256:abc

- dev: idp/clock:sha-0000002
- staging: idp/clock:v1.1.0
- prod: idp/clock:v1.1.0

## In staging

- git names v1.1.0 there since 2026-01-02 03:04 UTC
- Argo CD was not asked (\`idp promote --cluster\` does)

## Rules

Every rule is kept.

## Manifests

\`\`\`diff
--- prod now
+++ prod after
-a
+b
\`\`\`
`);
  });

  it("includes the findings and Argo CD's report", () => {
    const text = evidenceText({
      ...evidence,
      staging: {
        since: null,
        until: new Date("2026-01-03T00:00:00Z"),
        argoCd: { sync: "Synced", health: "Healthy", tags: ["v1.1.0"] },
      },
      findings: [{ file: "a.yaml", rule: "some-rule", message: "found x" }],
      manifest: "",
    });
    expect(text).to.include("- git named v1.1.0 there until 2026-01-03 00:00 UTC\n");
    expect(text).to.include("- Argo CD says Synced and Healthy, running v1.1.0\n");
    expect(text).to.include("- warning some-rule: a.yaml: found x\n");
    expect(text).to.include("The chart renders the same.");
  });
});

describe("comparePage", () => {
  for (const [url, page] of [
    ["https://github.com/owner/idp", "https://github.com/owner/idp/compare/b/c?expand=1"],
    ["https://github.com/owner/idp.git", "https://github.com/owner/idp/compare/b/c?expand=1"],
    ["git@github.com:owner/idp.git", "https://github.com/owner/idp/compare/b/c?expand=1"],
    ["http://127.0.0.1:1234/idp.git", undefined],
    ["https://git.example/owner/idp", undefined],
  ] as const) {
    it(`for ${url} is ${page ?? "none"}`, () => {
      expect(comparePage(url, "b/c")).to.equal(page);
    });
  }
});
