import { expect } from "chai";
import { initialise, namesFacts } from "../../config/initialise.ts";

const facts = {
  url: "http://127.0.0.1:4000/idp.git",
  branch: "main",
  accounts: {
    dev: { accountId: "111111111111", region: "us-west-2" },
    staging: { accountId: "222222222222", region: "us-west-2" },
    prod: { accountId: "333333333333", region: "eu-central-1" },
  },
};

const stackFile = `# The production account.
config:
  idp:aws: { accountId: "000000000000", region: us-west-2 } # not decided yet
  idp:repository:
    url: https://github.com/somebody/idp
    branch: main
  idp:network: { cidr: 10.30.0.0/16 }
`;

const serviceFile = `# What prod runs.
image:
  repository: 000000000000.dkr.ecr.us-west-2.amazonaws.com/idp/version # from ECR
  tag: v1.0.0
port: 8080
`;

describe("initialise", () => {
  it("puts account, region and address into a stack file and leaves everything else as it is", () => {
    const changed = initialise(new Map([["Pulumi.prod.yaml", stackFile]]), facts);
    expect(changed.get("Pulumi.prod.yaml")).to.equal(`# The production account.
config:
  idp:aws: { accountId: "333333333333", region: eu-central-1 } # not decided yet
  idp:repository:
    url: http://127.0.0.1:4000/idp.git
    branch: main
  idp:network: { cidr: 10.30.0.0/16 }
`);
  });

  it("points a service file at its own environment's registry", () => {
    const changed = initialise(
      new Map([
        ["argocd/applications/prod/version-service.yaml", serviceFile],
        ["argocd/applications/staging/version-service.yaml", serviceFile],
      ]),
      facts,
    );
    expect([...changed.values()].map((text) => /repository: (\S+)/.exec(text)?.[1])).to.deep.equal([
      "333333333333.dkr.ecr.eu-central-1.amazonaws.com/idp/version",
      "222222222222.dkr.ecr.us-west-2.amazonaws.com/idp/version",
    ]);
    expect([...changed.values()][0]).to.include("# from ECR\n  tag: v1.0.0\nport: 8080\n");
  });

  it("returns nothing the second time", () => {
    const files = new Map([
      ["Pulumi.prod.yaml", stackFile],
      ["argocd/applications/prod/version-service.yaml", serviceFile],
    ]);
    const once = initialise(files, facts);
    expect([...initialise(once, facts).keys()]).to.deep.equal([]);
  });

  it("does not touch other files, other registries, and files that it cannot read", () => {
    const files = new Map([
      ["README.md", "000000000000.dkr.ecr.us-west-2.amazonaws.com/x"],
      ["argocd/applications/test/x.yaml", serviceFile],
      ["argocd/applications/dev/x.yaml", "image: { repository: ghcr.io/x/y }\n"],
      ["Pulumi.dev.yaml", "config: [not closed\n"],
    ]);
    expect([...initialise(files, facts).keys()]).to.deep.equal([]);
  });

  it("recognises the paths of stack files and service files", () => {
    const paths = [
      "Pulumi.dev.yaml",
      "Pulumi.yaml",
      "argocd/applications/dev/x.yaml",
      "argocd/applications/dev/x/y.yaml",
      "helm-charts/standard-service/values.yaml",
    ];
    expect(paths.filter(namesFacts)).to.deep.equal([
      "Pulumi.dev.yaml",
      "argocd/applications/dev/x.yaml",
    ]);
  });
});

describe("initialise, for a new owner", () => {
  const stack = (environment: string, accountId: string) => `# The ${environment} account.
config:
  idp:aws:
    accountId: "${accountId}"
    region: us-west-2
  idp:repository:
    url: https://github.com/somebody/idp
    branch: main # deployed
  idp:cluster:
    version: "1.36"
    access: [] # nobody
  idp:github:
    repository: somebody/idp
    publishers:
      - repository: somebody/time-service
        image: idp/localtime
      - repository: partner/clock
        image: idp/clock
`;
  const files = new Map([
    ["Pulumi.dev.yaml", stack("dev", "100000000011")],
    ["Pulumi.staging.yaml", stack("staging", "000000000000")],
    ["Pulumi.prod.yaml", stack("prod", "000000000000")],
    [
      "workflow.yml",
      "uses: somebody/idp/.github/workflows/x.yml\nrole: arn:aws:iam::100000000011:role/x\n" +
        "other: somebody/idp-tools my-somebody/idp 000000000000 1100000000011\n" +
        "owner: '@somebody' https://github.com/somebody/idp https://github.com/somebody/else somebody/time-service\n",
    ],
  ]);
  const owner = {
    ...facts,
    url: "https://github.com/newcomer/platform",
    github: "newcomer/platform",
    domain: "newcomer.example",
    admins: ["team/Platform_Admins"],
  };

  it("sets the new owner's repository, publishers, domain and administrators", () => {
    const changed = initialise(files, owner);
    expect(changed.get("Pulumi.dev.yaml")).to.equal(`# The dev account.
config:
  idp:aws:
    accountId: "111111111111"
    region: us-west-2
  idp:repository:
    url: https://github.com/newcomer/platform
    branch: main # deployed
  idp:domain: dev.newcomer.example
  idp:cluster:
    version: "1.36"
    access: # nobody
      - name: platform-admins
        principalArn: arn:aws:iam::111111111111:role/team/Platform_Admins
        level: cluster-admin
  idp:github:
    repository: newcomer/platform
    publishers:
      - repository: newcomer/time-service
        image: idp/localtime
      - repository: partner/clock
        image: idp/clock
`);
    expect(changed.get("Pulumi.prod.yaml")).to.include("  idp:domain: newcomer.example\n");
  });

  it("puts the deployed branch into the workflows and into code, and nowhere else", () => {
    const text = (branch: string) => `# main is what we deploy
on:
  push:
    branches: [${branch}]
    paths: [main/**]
  pull_request:
    branches: [main, next]
jobs:
  a:
    if: github.ref == 'refs/heads/${branch}' && vars.MAIN != 'main'
`;
    const workflow = ".github/workflows/a.yml";
    const code = "config/main-branch.ts";
    const constant = (branch: string) =>
      `/** A main branch, as in mainBranch = "main". */\nexport const mainBranch = "${branch}";\n`;
    const all = new Map([
      ...files,
      [workflow, text("main")],
      ["docs/a.yml", text("main")],
      [code, constant("main")],
      ["config/other.ts", constant("main")],
    ]);
    const moved = initialise(all, { ...owner, branch: "trunk/$1" });
    expect(moved.get(workflow)).to.equal(text("trunk/$1"));
    expect(moved.has("docs/a.yml")).to.equal(false);
    expect(moved.get(code)).to.equal(constant("trunk/$1"));
    expect(moved.has("config/other.ts")).to.equal(false);
    expect(moved.get("Pulumi.prod.yaml")).to.include("branch: trunk/$1 # deployed");
    expect(initialise(all, { ...owner, branch: "main" }).has(workflow)).to.equal(false);
  });

  it("writes ids where the settings have them, and names without ids everywhere else", () => {
    const changed = initialise(files, {
      ...owner,
      github: "newcomer@12/platform@34",
      tokenNames: new Map([["newcomer/time-service", "newcomer@12/time-service@56"]]),
    });
    const dev = changed.get("Pulumi.dev.yaml") ?? "";
    expect(dev).to.include("    repository: newcomer@12/platform@34\n");
    expect(dev).to.include("      - repository: newcomer@12/time-service@56\n");
    expect(dev).to.include("      - repository: partner/clock\n");
    expect(changed.get("workflow.yml")).to.equal(initialise(files, owner).get("workflow.yml"));
    const once = new Map([...files, ...changed]);
    const again = initialise(once, { ...owner, github: "newcomer@12/platform@34" });
    expect([...again.keys()]).to.deep.equal([]);
    const next = initialise(once, { ...owner, github: "next/platform" });
    expect(next.get("Pulumi.dev.yaml")).to.include("      - repository: next/time-service\n");
  });

  it("replaces only whole names of the old owner in other files, and no placeholder", () => {
    expect(initialise(files, owner).get("workflow.yml")).to.equal(
      "uses: newcomer/platform/.github/workflows/x.yml\nrole: arn:aws:iam::111111111111:role/x\n" +
        "other: somebody/idp-tools my-somebody/idp 000000000000 1100000000011\n" +
        "owner: '@newcomer' https://github.com/newcomer/platform https://github.com/newcomer/else newcomer/time-service\n",
    );
  });

  it("changes nothing the second time, and adds what a third one asks for", () => {
    const once = new Map([...files, ...initialise(files, owner)]);
    expect([...initialise(once, owner).keys()]).to.deep.equal([]);
    const more = initialise(once, { ...owner, admins: ["Security"] }).get("Pulumi.prod.yaml");
    expect(more).to.include(
      "      - name: platform-admins\n" +
        "        principalArn: arn:aws:iam::333333333333:role/team/Platform_Admins\n" +
        "        level: cluster-admin\n" +
        "      - name: security\n" +
        "        principalArn: arn:aws:iam::333333333333:role/Security\n" +
        "        level: cluster-admin\n" +
        "  idp:github:\n",
    );
  });

  describe("from the settings as committed here", () => {
    const first = (accountId: string) => `access:
      - name: administrators
        # Why.
        principalArn: arn:aws:iam::${accountId}:role/OrganizationAccountAccessRole
        level: cluster-admin
`;
    const committedFiles = new Map(
      [...files].map(([path, text]) => [
        path,
        text.replace("access: [] # nobody\n", first(/"(\d{12})"/.exec(text)?.[1] ?? "")),
      ]),
    );
    const devAfter = (admins: string[]) =>
      initialise(committedFiles, { ...owner, admins }).get("Pulumi.dev.yaml");

    it("puts the named administrators in the first one's place", () => {
      expect(devAfter(["Ops", "Security"])).to.include(`access:
      - name: ops
        principalArn: arn:aws:iam::111111111111:role/Ops
        level: cluster-admin
      - name: security
        principalArn: arn:aws:iam::111111111111:role/Security
        level: cluster-admin
  idp:github:
`);
    });

    it("keeps the first one, in the new account, where nobody else is named, or it is", () => {
      expect(devAfter([])).to.include(first("111111111111"));
      expect(devAfter(["OrganizationAccountAccessRole"])).to.include(
        `${first("111111111111")}  idp:github:\n`,
      );
    });
  });

  it("adds the role of a permission set to its own account only, under the set's name", () => {
    const role =
      "aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Platform_Admins_0123456789abcdef";
    const changed = initialise(files, { ...owner, admins: [], adminsOf: { dev: [role] } });
    expect(changed.get("Pulumi.dev.yaml")).to.include(
      "      - name: platform-admins\n" +
        `        principalArn: arn:aws:iam::111111111111:role/${role}\n` +
        "        level: cluster-admin\n",
    );
    expect(changed.get("Pulumi.prod.yaml")).not.to.include("AWSReservedSSO");
  });

  it("moves administrators to the new account when its number changes", () => {
    const once = new Map([...files, ...initialise(files, owner)]);
    const accounts = { ...facts.accounts, dev: { accountId: "444444444444", region: "us-west-2" } };
    const moved = initialise(once, { ...owner, accounts });
    expect([...moved.keys()]).to.deep.equal(["Pulumi.dev.yaml", "workflow.yml"]);
    expect(moved.get("Pulumi.dev.yaml")).to.include("arn:aws:iam::444444444444:role/team/");
  });

  it("names the stack file that it cannot start from", () => {
    expect(() => initialise(new Map([...files].slice(1)), owner)).to.throw(
      "Pulumi.dev.yaml is missing. Fix: git checkout Pulumi.dev.yaml",
    );
    const withoutGithub = stack("dev", "100000000011").replace("repository: somebody/idp\n", "\n");
    expect(() =>
      initialise(new Map([...files, ["Pulumi.dev.yaml", withoutGithub]]), owner),
    ).to.throw("  idp:github.repository: found nothing; expected string");
  });
});
