import { execa } from "execa";
import { findGo } from "../../twin/toolchain/go.ts";
import { sourceFolder } from "../../twin/toolchain/locate.ts";

describe("podbox", () => {
  // The first run compiles what it shares with the control plane.
  const limit = 600_000;
  // A build of the twin's tools empties their temporary folder.
  const go = async (...args: readonly string[]) => {
    const env = { ...(await findGo(process.env)).env, GOTMPDIR: "" };
    await execa("go", args, { cwd: sourceFolder("podbox"), env, extendEnv: false });
  };

  it("has no mistakes that Go knows", async function () {
    this.timeout(limit);
    await go("vet", "./...");
  });

  // Real containers: it fails where the machine does not allow namespaces. PODBOX_WITHOUT_NAMESPACES=1 leaves them out.
  it("passes its own tests", async function () {
    this.timeout(limit);
    await go("test", "-count=1", "./...");
  });
});
