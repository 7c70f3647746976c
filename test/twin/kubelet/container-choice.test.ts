import { expect } from "chai";
import { identityOf, simulationReason } from "../../../twin/kubelet/container-choice.ts";
import { SimulatedImage } from "../../../twin/kubelet/image-store.ts";
import type { PulledImage } from "../../../twin/kubelet/image-store.ts";
import { ImagePullError } from "../../../twin/kubelet/runtime.ts";
import { podOf } from "./fakes.ts";

const pod = podOf(
  {
    initContainers: [{ name: "init", image: "registry/init:1" }],
    containers: [
      { name: "web", image: "registry/web:1", command: ["/web"] },
      { name: "side", image: "registry/side:1" },
    ],
  },
  { annotations: { a: "b" } },
);

describe("identityOf", () => {
  it("has the images of all containers, the init containers' first", () => {
    expect(identityOf(pod)).to.deep.equal({
      namespace: "shop",
      annotations: { a: "b" },
      images: ["registry/init:1", "registry/web:1", "registry/side:1"],
    });
  });
});

describe("simulationReason", () => {
  const there: PulledImage = { digest: "sha256:0a", folder: "/images/1", config: {} };
  const noProgram = new SimulatedImage('image "registry/web:1" has no program');

  /** The reason, and what was pulled. @param errors by image */
  async function reasonOf(errors: Readonly<Record<string, Error>>) {
    const pulled: unknown[] = [];
    const reason = await simulationReason(pod, {
      pull: (name, { command }) => {
        pulled.push(command === undefined ? name : [name, ...command]);
        const error = errors[name];
        return error === undefined ? Promise.resolve(there) : Promise.reject(error);
      },
    });
    return { reason, pulled };
  }

  const web = ["registry/web:1", "/web"];

  it("is none when every image can run with its container's command", async () => {
    expect(await reasonOf({})).to.deep.equal({
      reason: undefined,
      pulled: ["registry/init:1", web, "registry/side:1"],
    });
  });

  it("is what the first image says that cannot run", async () => {
    expect(await reasonOf({ "registry/web:1": noProgram })).to.deep.equal({
      reason: noProgram.message,
      pulled: ["registry/init:1", web],
    });
  });

  it("is no image that cannot be had: its container says so", async () => {
    const missing = new ImagePullError("not found");
    expect((await reasonOf({ "registry/init:1": missing })).reason).to.be.undefined;
    const both = { "registry/init:1": missing, "registry/web:1": noProgram };
    expect((await reasonOf(both)).reason).to.equal(noProgram.message);
  });
});
