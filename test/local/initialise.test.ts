import { expect } from "chai";
import { initialise, namesFacts, setScalars } from "../../local/initialise.ts";

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
    url: https://github.com/alexpermiakov/idp
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

  it("leaves alone other files, other registries and files it cannot read", () => {
    const files = new Map([
      ["README.md", "000000000000.dkr.ecr.us-west-2.amazonaws.com/x"],
      ["argocd/applications/test/x.yaml", serviceFile],
      ["argocd/applications/dev/x.yaml", "image: { repository: ghcr.io/x/y }\n"],
      ["Pulumi.dev.yaml", "config: [not closed\n"],
    ]);
    expect([...initialise(files, facts).keys()]).to.deep.equal([]);
  });

  it("knows the paths it looks at", () => {
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

describe("setScalars", () => {
  it("keeps the quotes that stood there", () => {
    expect(
      setScalars(`a: '1'\nb: "2"\nc: x\n`, [
        [["a"], "it's"],
        [["b"], "3"],
        [["c"], "4"],
      ]),
    ).to.equal(`a: 'it''s'\nb: "3"\nc: "4"\n`);
  });

  it("changes nothing where the key is missing or is no plain value", () => {
    const text = "a: { b: 1 }\n";
    expect(
      setScalars(text, [
        [["a"], "x"],
        [["z", "y"], "x"],
      ]),
    ).to.equal(text);
  });
});
