import { expect } from "chai";
import { commandLine, ImageConfig } from "../../../twin/kubelet/image-config.ts";
import type { CommandWords } from "../../../twin/kubelet/image-config.ts";

const both = { Entrypoint: ["/ep"], Cmd: ["a", "b"] };

describe("commandLine", () => {
  // The table of Kubernetes' page "Define a Command and Arguments for a Container".
  const cases: readonly [what: string, object | null, CommandWords, string[]][] = [
    ["the image's two", both, {}, ["/ep", "a", "b"]],
    ["the command alone", both, { command: ["/c", "x"] }, ["/c", "x"]],
    ["the entrypoint with other arguments", both, { args: ["y"] }, ["/ep", "y"]],
    ["the container's two", both, { command: ["/c"], args: ["y"] }, ["/c", "y"]],
    ["the image's two for empty lists", both, { command: [], args: [] }, ["/ep", "a", "b"]],
    ["an image's arguments without an entrypoint", { Cmd: ["/m"] }, {}, ["/m"]],
    ["the container's arguments without an entrypoint", { Cmd: ["/m"] }, { args: ["/y"] }, ["/y"]],
    ["nothing", { Entrypoint: null, Cmd: null }, {}, []],
    ["nothing without a configuration", null, {}, []],
  ];
  for (const [what, config, container, expected] of cases) {
    it(`is ${what}`, () => {
      expect(commandLine(container, ImageConfig.parse({ config }))).to.deep.equal(expected);
    });
  }
});
