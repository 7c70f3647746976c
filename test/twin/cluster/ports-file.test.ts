import { expect } from "chai";
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ingressPort,
  parsePortKey,
  portKey,
  readPorts,
  writePorts,
} from "../../../twin/cluster/ports-file.ts";

const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const servicePort = fc.record({
  namespace: name,
  service: name,
  port: fc.integer({ min: 1, max: 65_535 }),
});

describe("the key of a Service's port", () => {
  it("is read back as the same port, and is another one's for no other", () => {
    fc.assert(
      fc.property(servicePort, servicePort, (one, other) => {
        expect(parsePortKey(portKey(one))).to.deep.equal(one);
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(portKey(one) === portKey(other)).to.equal(isSame);
      }),
    );
  });

  it("has a form that people can read", () => {
    expect(portKey({ namespace: "shop", service: "cart", port: 80 })).to.equal("shop/cart:80");
  });

  const others = [ingressPort, "metrics-server", "", "/cart:80", "shop/cart", "shop/cart:http"];
  for (const key of [...others, "shop/:80", "a/b/c:80", "shop/cart:80:81", "shop/cart:80\n"]) {
    it(`is not ${JSON.stringify(key)}`, () => {
      expect(parsePortKey(key)).to.be.undefined;
    });
  }
});

describe("the file of the ports", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-ports-"));
    file = join(folder, "c/ports.json");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("has no ports before it is there", () => {
    expect(readPorts(file)).to.deep.equal({});
  });

  it("gives back what was written last", () => {
    writePorts(file, { "shop/cart:80": 40_001 });
    writePorts(file, { ingress: 40_002 });
    expect(readPorts(file)).to.deep.equal({ ingress: 40_002 });
  });

  it("is refused when it holds something else", () => {
    writePorts(file, {});
    writeFileSync(file, '{"ingress":"40002"}');
    expect(() => readPorts(file)).to.throw(/expected number/);
  });
});
