import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAwsCli } from "../../../twin/aws/cli/commands.ts";
import { Store } from "../../../twin/aws/store.ts";
import { requireAwsCli } from "../../../twin/components/eks/aws-cli.ts";
import { awsConfig } from "../../../twin/state/twin.ts";

describe("AWS CLI double", () => {
  let twin: string;
  beforeEach(() => {
    twin = mkdtempSync(join(tmpdir(), "aws-cli-"));
    mkdirSync(join(twin, "aws"));
    writeFileSync(join(twin, "aws/config"), awsConfig());
  });
  afterEach(() => {
    rmSync(twin, { recursive: true });
  });

  function addCluster(accountId: string, name: string, token: string): void {
    const folder = join(twin, "clusters", accountId, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "cluster.json"), JSON.stringify({ token }));
  }

  function aws(line: string, env: NodeJS.ProcessEnv = {}) {
    const out: string[] = [];
    const errors: string[] = [];
    const code = runAwsCli(
      line.split(" "),
      { IDP_TWIN: twin, ...env },
      { out: (text) => out.push(text), error: (text) => errors.push(text) },
    );
    return { code, out: out.join("\n"), error: errors.join("\n") };
  }

  it("prints its version in the form that tools read, and that it is a double", () => {
    const { code, out } = aws("--version");
    expect(code).to.equal(0);
    expect(out).to.match(/^aws-cli\/2\.\d+\.\d+ .*double/);
    requireAwsCli(() => out);
  });

  it("prints the token of the profile's cluster, with options before the command", () => {
    addCluster("935743309409", "idp", "dev-token");
    addCluster("100000000003", "idp", "prod-token");
    const { out } = aws("--region us-west-2 eks get-token --cluster-name idp --output json", {
      AWS_PROFILE: "idp-twin-prod",
    });
    expect(JSON.parse(out)).to.deep.include({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1beta1",
    });
    expect(out).to.include("prod-token").and.not.include("dev-token");
  });

  it("uses the only cluster of that name if no profile is set", () => {
    addCluster("935743309409", "idp-dev", "dev-token");
    expect(aws("eks get-token --cluster-name idp-dev").out).to.include("dev-token");
  });

  const refusals = [
    [
      "a name that two accounts have",
      "eks get-token --cluster-name idp",
      {},
      253,
      /set AWS_PROFILE/,
    ],
    [
      "a cluster that does not exist",
      "eks get-token --cluster-name x",
      {},
      253,
      /No cluster found/,
    ],
    [
      "a cluster of another account",
      "eks get-token --cluster-name idp",
      { AWS_PROFILE: "idp-twin-staging" },
      254,
      /ResourceNotFoundException/,
    ],
    ["a token without a cluster", "eks get-token", {}, 252, /--cluster-name/],
    ["a cluster without a name", "eks describe-cluster", {}, 252, /--name/],
    [
      "a profile that does not exist",
      "sts get-caller-identity",
      { AWS_PROFILE: "x" },
      253,
      /\(x\) could not be found/,
    ],
    [
      "a call without a profile",
      "sts get-caller-identity",
      {},
      253,
      /Unable to locate credentials/,
    ],
    ["a command that it does not play", "s3 ls", {}, 252, /does not play "s3 ls"/],
  ] as const;
  for (const [what, line, env, code, message] of refusals) {
    it(`refuses ${what}`, () => {
      addCluster("935743309409", "idp", "a");
      addCluster("100000000003", "idp", "b");
      const answer = aws(line, env);
      expect(answer.code).to.equal(code);
      expect(answer.error).to.match(message);
      expect(answer.out).to.equal("");
    });
  }

  it("describes a cluster of the profile's account, and no other", () => {
    const origin = { token: "", engine: "", acknowledged: true, adoptedBy: "" };
    new Store(join(twin, "aws/935743309409")).create({
      type: "aws:eks/cluster:Cluster",
      id: "idp-dev",
      inputs: { version: "1.36" },
      computed: { status: "ACTIVE", vpcConfig: {} },
      origin,
    });
    const line = "eks describe-cluster --name idp-dev";
    const { code, out } = aws(line, { AWS_PROFILE: "idp-twin-dev" });
    expect(code).to.equal(0);
    expect(JSON.parse(out)).to.deep.equal({
      cluster: { name: "idp-dev", version: "1.36", status: "ACTIVE" },
    });
    const elsewhere = aws(line, { AWS_PROFILE: "idp-twin-prod" });
    expect(elsewhere.code).to.equal(254);
    expect(elsewhere.error).to.include("(ResourceNotFoundException)");
  });

  it("deletes a log group, once", () => {
    const env = { AWS_PROFILE: "idp-twin-dev" };
    const id = "/aws/eks/idp-dev/cluster";
    const type = "aws:cloudwatch/logGroup:LogGroup";
    const origin = { token: "", engine: "", acknowledged: true, adoptedBy: "" };
    const store = new Store(join(twin, "aws/935743309409"));
    store.create({ type, id, inputs: {}, computed: {}, origin });
    const line = `logs delete-log-group --log-group-name ${id}`;
    expect(aws(line, env)).to.deep.equal({ code: 0, out: "", error: "" });
    expect(store.list(type)).to.deep.equal([]);
    const again = aws(line, env);
    expect(again.code).to.equal(254);
    expect(again.error).to.include("ResourceNotFoundException");
  });

  it("prints the caller's identity and the registry login, whole or in part", () => {
    const env = { AWS_PROFILE: "idp-twin-dev" };
    expect(aws("sts get-caller-identity --query Account --output text", env).out).to.equal(
      "935743309409",
    );
    const query = "--query authorizationData[0].authorizationToken --output text";
    const token = aws(`ecr get-authorization-token ${query}`, env).out;
    expect(Buffer.from(token, "base64").toString()).to.match(/^AWS:./);
    expect(JSON.parse(aws("ecr get-authorization-token", env).out)).to.have.nested.property(
      "authorizationData[0].proxyEndpoint",
      "https://935743309409.dkr.ecr.us-west-2.amazonaws.com",
    );
  });
});

describe("eks double: the AWS CLI that it needs", () => {
  for (const version of ["aws-cli/2.7.0 x", "aws-cli/1.45.11 x", "aws-cli/2.31.0"]) {
    it(`accepts ${version}`, () => {
      requireAwsCli(() => version);
    });
  }
  it("refuses an old version", () => {
    expect(() => {
      requireAwsCli(() => "aws-cli/1.18.0 Python/3.6");
    }).to.throw("At least v1.24.0 of aws-cli is required. Current version is: 1.18.0");
  });
});
