import { expect } from "chai";
import { isContainerPod, simulatedAnnotation } from "../../../twin/cluster/container-pods.ts";
import type { PodIdentity } from "../../../twin/cluster/container-pods.ts";

const image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/idp/localtime:sha-3f2a9c1";
const pod: PodIdentity = { namespace: "localtime", annotations: {}, images: [image] };

describe("a Pod runs as containers", () => {
  const cases: [string, Partial<PodIdentity>, boolean][] = [
    ["with an image of ECR", {}, true],
    ["with an image of ECR in China", { images: [image.replace(".com/", ".com.cn/")] }, true],
    ["not with an image of another registry", { images: ["quay.io/argoproj/argocd:v3"] }, false],
    ["not with one such image beside others", { images: [image, "busybox"] }, false],
    ["not with a registry whose name only looks like it", { images: [`x${image}`] }, false],
    ["not in Argo CD's namespace, which may use a mirror", { namespace: "argocd" }, false],
    ["not once it is marked", { annotations: { [simulatedAnnotation]: "no program" } }, false],
    ["also with other annotations", { annotations: { a: "b" } }, true],
  ];
  for (const [what, change, expected] of cases) {
    it(what, () => {
      expect(isContainerPod({ ...pod, ...change })).to.equal(expected);
    });
  }
});
