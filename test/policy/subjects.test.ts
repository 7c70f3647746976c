import { expect } from "chai";
import { kindAndName, objectName, whereOf } from "../../policy/subjects.ts";
import { unknownValue } from "../../policy/values.ts";

describe("what a finding calls a thing", () => {
  const application = "kubernetes:argoproj.io/v1alpha1:Application";

  it("is an object's kind, namespace and name", () => {
    expect(objectName({ kind: "Pod", metadata: { name: "a", namespace: "b" } })).to.equal(
      "Pod b/a",
    );
    expect(objectName({ kind: "Pod", metadata: { name: "a" } })).to.equal("Pod a");
  });

  for (const [title, type, props, expected] of [
    ["a resource's kind and name", "aws:kms/key:Key", {}, "Key one"],
    ["the same for a component", "eks:index:Cluster", {}, "Cluster one"],
    [
      "an object's name, not its resource's",
      application,
      { metadata: { name: "services", namespace: "argocd" } },
      "Application argocd/services",
    ],
    [
      "the same for a patch",
      `${application}Patch`,
      { metadata: { name: "services", namespace: "argocd" } },
      "Application argocd/services",
    ],
    ["the resource's name where the object has none", application, {}, "Application one"],
    [
      "the resource's name where the object's is not known",
      application,
      { metadata: { name: unknownValue } },
      "Application one",
    ],
    [
      "the type's kind where the object's is not known",
      application,
      { kind: unknownValue, metadata: { name: "services" } },
      "Application one",
    ],
  ] as const) {
    it(`is ${title}`, () => {
      expect(whereOf({ type, name: "one", props })).to.equal(expected);
    });
  }

  it("is the whole type where it has no parts", () => {
    expect(kindAndName({ type: "Thing", name: "one" })).to.equal("Thing one");
  });
});
