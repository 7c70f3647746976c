import { expect } from "chai";
import { readReleaseManifest } from "../../config/release-manifest.ts";
import { parseStackFile } from "../../config/stack-files.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { lists, type List } from "../../policy/allowed.ts";
import { differences, unsaid } from "../../policy/program/allowed.ts";
import { allowedLines } from "../../policy/program/allowed-lines.ts";
import type { Recorder, Registration } from "../../policy/program/registrations.ts";
import { goldenStackFiles } from "../support/golden.ts";

const stackFiles = environments.map((environment) =>
  parseStackFile(environment, goldenStackFiles.get(`Pulumi.${environment}.yaml`) ?? ""),
);
const bucket: Registration = {
  ...{ type: "aws:s3/bucket:Bucket", name: "reports", props: {}, protect: false },
  ...{ urn: "", parent: "" },
};

/** What the stacks may hold where the program registers these alone. */
function lines(registered: (stack: string) => readonly Registration[]) {
  const record: Recorder = ({ runs }) =>
    Promise.resolve(runs.map(({ stack }) => ({ resources: [...registered(stack)] })));
  return allowedLines(repositoryRoot, stackFiles, readReleaseManifest, record);
}

describe("allowedLines", function () {
  this.timeout(60_000);
  let empty: ReadonlyMap<List, readonly string[]>;

  before(async () => {
    empty = await lines(() => []);
  });

  const committed = (list: List) => empty.get(list) ?? [];

  it("say of a new type in a component the very lines to add", async () => {
    const wanted = await lines(() => [bucket]);
    expect(differences(wanted, committed)).to.deep.equal([
      "policy/allowed/everywhere.txt lacks: aws:s3/bucket:Bucket reports",
    ]);
    expect(unsaid(wanted)).to.deep.equal([
      'policy/grants.ts lacks: "aws:s3/bucket:Bucket": which of its inputs grant or redirect power?',
    ]);
    expect(unsaid(empty)).to.deep.equal([]);
  });

  it("put what one environment has into its own list, and a new grant beside its resource", async () => {
    const props = { principalArn: "arn:aws:iam::100000000003:role/idp-new" };
    const entry = { ...bucket, type: "aws:eks/accessEntry:AccessEntry", name: "new", props };
    const wanted = await lines((stack) => (stack === "prod" ? [entry] : []));
    expect(differences(wanted, committed)).to.deep.equal([
      "policy/allowed/prod.txt lacks: aws:eks/accessEntry:AccessEntry new",
      'policy/allowed/prod.txt lacks: aws:eks/accessEntry:AccessEntry new: principalArn = "arn:aws:iam::<account>:role/idp-new"',
    ]);
  });

  it("say which lines nothing needs any more", () => {
    const more = (list: List) => [...committed(list), ...(list === "dev" ? ["a:b:C d"] : [])];
    expect(differences(empty, more)).to.deep.equal(["policy/allowed/dev.txt has unused: a:b:C d"]);
  });

  it("hold what the components of other packages, the engine and the releases make, sorted", () => {
    const everywhere = committed("everywhere");
    for (const line of [
      "aws:ec2/natGateway:NatGateway idp-network-3",
      'aws:iam/role:Role idp-cluster-nodeRole-role: permissionsBoundary = "arn:aws:iam::<account>:policy/idp-boundary"',
      'aws:iam/rolePolicyAttachment:RolePolicyAttachment idp-cluster-nodeRole-22021ef5: role = "idp-cluster-nodeRole-role"',
      'aws:eks/cluster:Cluster idp-cluster-eksCluster: vpcConfig.publicAccessCidrs = "<public access cidr>"',
      "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition applications.argoproj.io",
      "pulumi:pulumi:Stack idp-<environment>",
      "pulumi:providers:eks default_<version>",
    ]) {
      expect(everywhere).to.include(line);
    }
    for (const list of lists) {
      expect(committed(list)).to.deep.equal([...new Set(committed(list))].sort());
    }
    expect(committed("prod")).not.to.include.members(committed("dev"));
  });

  it("refuse settings that the program refuses, in its words", async () => {
    const record: Recorder = ({ runs }) =>
      Promise.resolve(runs.map(() => ({ error: "no account" })));
    let message = "";
    try {
      await allowedLines(repositoryRoot, stackFiles, readReleaseManifest, record);
    } catch (error) {
      message = String(error);
    }
    expect(message).to.equal(
      "Error: Pulumi.dev.yaml: the program refuses the settings: no account",
    );
  });
});
