import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { repositoryRoot } from "../../lib/paths.ts";
import { actionlint, ensureLinters, zizmor, zizmorConfig } from "./linters.ts";

/** Workflows that no review should accept. */
const seeds = {
  "unpinned-action.yml": `
on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v7
        with: { persist-credentials: false }
`,
  "target-with-checkout.yml": `
on: pull_request_target
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions: { contents: read, pull-requests: write }
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          ref: \${{ github.event.pull_request.head.sha }}
          persist-credentials: false
      - run: make test
`,
  "injected-title.yml": `
on: pull_request
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "\${{ github.event.pull_request.title }}"
`,
  "unknown-key.yml": `
on: push
permissions: {}
jobs:
  build:
    runs-on: ubuntu-24.04
    timeout-minute: 5
    steps:
      - run: make test
`,
};

describe("linters of the workflows", () => {
  let seeded: string;

  before(async function () {
    // The first run on a machine builds actionlint and fetches zizmor.
    this.timeout(600_000);
    await ensureLinters();
    seeded = mkdtempSync(join(tmpdir(), "idp-workflows-"));
    for (const [name, text] of Object.entries(seeds)) {
      const file = join(seeded, ".github/workflows", name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `name: Seed\n${text}`);
    }
  });

  after(() => {
    rmSync(seeded, { recursive: true, force: true });
  });

  const workflows = ".github/workflows";

  it("find nothing: actionlint, which also checks the schema", async () => {
    const files = readdirSync(join(repositoryRoot, workflows)).map((name) => join(workflows, name));
    expect(files).to.have.length.above(10);
    expect(await actionlint(files, repositoryRoot)).to.deep.equal([]);
  });

  it("find nothing: zizmor, of any severity", async () => {
    expect(await zizmor(repositoryRoot, { config: zizmorConfig })).to.deep.equal([]);
  });

  async function rulesOf(seed: string): Promise<string[]> {
    const file = join(workflows, seed);
    const [schema, security] = await Promise.all([
      actionlint([file], seeded),
      zizmor(seeded, { config: zizmorConfig }),
    ]);
    const found = [
      ...schema.map(({ rule }) => `actionlint ${rule}`),
      ...security
        .filter((finding) => finding.file.endsWith(seed))
        .map(({ rule, severity }) => `zizmor ${rule} ${severity}`),
    ];
    return [...new Set(found)].sort();
  }

  const caught: Readonly<Record<keyof typeof seeds, readonly string[]>> = {
    "unpinned-action.yml": ["zizmor unpinned-uses High"],
    "target-with-checkout.yml": ["zizmor dangerous-triggers High"],
    "injected-title.yml": ["actionlint expression", "zizmor template-injection High"],
    "unknown-key.yml": ["actionlint syntax-check"],
  };

  for (const [seed, rules] of Object.entries(caught)) {
    it(`catch ${seed}`, async () => {
      expect(await rulesOf(seed)).to.deep.equal(rules);
    });
  }
});
