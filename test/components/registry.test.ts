import { expect } from "chai";
import { lifecyclePolicy, Registry } from "../../components/registry.ts";
import { inputsOf, names, record } from "../support/record.ts";

const program = () =>
  new Registry("idp-registry", {
    repositories: ["idp/localtime", "idp/version"],
    forceDelete: false,
  });

describe("Registry", () => {
  for (const preview of [false, true]) {
    it(`makes a repository for each image${preview ? " in a preview" : ""}`, async () => {
      const made = await record(program, { preview });
      expect(names(made)).to.deep.equal([
        "aws:ecr/lifecyclePolicy:LifecyclePolicy idp/localtime",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy idp/version",
        "aws:ecr/repository:Repository idp/localtime",
        "aws:ecr/repository:Repository idp/version",
        "aws:kms/key:Key idp-registry-images",
        "idp:platform:Registry idp-registry",
      ]);
      for (const { type, urn } of made) {
        if (type.startsWith("aws:")) expect(urn).to.include("idp:platform:Registry$aws:");
      }
    });
  }

  it("makes no repository without images", async () => {
    const made = await record(
      () => new Registry("idp-registry", { repositories: [], forceDelete: false }),
    );
    expect(names(made)).to.deep.equal([
      "aws:kms/key:Key idp-registry-images",
      "idp:platform:Registry idp-registry",
    ]);
  });

  it("makes repositories immutable, scanned, encrypted with a key of the account, and not deleted with images", async () => {
    const made = await record(program);
    expect(inputsOf(made, "aws:ecr/repository:Repository", "idp/version")).to.deep.equal({
      name: "idp/version",
      forceDelete: false,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [
        {
          encryptionType: "KMS",
          kmsKey: "arn:aws:kms:us-west-2:123456789012:key/idp-registry-images",
        },
      ],
    });
  });

  it("keeps every release and the newest builds, and no rule selects signatures, which have no tag", () => {
    const rules = lifecyclePolicy.rules.map(({ rulePriority, selection }) => ({
      rulePriority,
      ...selection,
    }));
    expect(rules).to.deep.equal([
      {
        rulePriority: 1,
        tagStatus: "tagged",
        tagPatternList: ["v*"],
        countType: "imageCountMoreThan",
        countNumber: 2_147_483_647,
      },
      {
        rulePriority: 2,
        tagStatus: "tagged",
        tagPatternList: ["sha-*"],
        countType: "imageCountMoreThan",
        countNumber: 500,
      },
    ]);
  });
});
