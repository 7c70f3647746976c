import { expect } from "chai";
import { imageUpdates } from "../../components/gitops.ts";
import { parseUpdatedImages } from "../../promotion/updated-images.ts";

const repository = { url: "https://example.com/idp.git", branch: "main" };

describe("what Image Updater looks for", () => {
  it("is read from what the program makes", () => {
    const services = [
      { name: "clock", image: "111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/clock" },
      { name: "alarm", image: "111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/clock" },
    ];
    const made = imageUpdates({ environment: "dev", repository }, "newest-build", services);
    expect([...parseUpdatedImages({ items: [made] })]).to.deep.equal(
      services.map(({ name, image }) => [name, image]),
    );
  });

  it("is nothing where there is no ImageUpdater, and an error for anything else", () => {
    expect([...parseUpdatedImages({ items: [] })]).to.deep.equal([]);
    expect(() => parseUpdatedImages({ items: [{ spec: {} }] })).to.throw("applicationRefs");
  });
});
