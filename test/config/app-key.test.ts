import { expect } from "chai";
import { generateKeyPairSync } from "node:crypto";
import { whyNoAppKey } from "../../config/app-key.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs1 = rsa.privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const pkcs8 = rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const encrypted = (type: "pkcs1" | "pkcs8") =>
  rsa.privateKey
    .export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "correct horse" })
    .toString();
const publicKey = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const [begin = "", ...rest] = pkcs1.split("\n");

describe("the key of a GitHub App", () => {
  for (const [what, text] of Object.entries({
    "as GitHub gives it": pkcs1,
    "as PKCS #8": pkcs8,
    "with line ends of Windows": pkcs1.replaceAll("\n", "\r\n"),
    "without the last line end": pkcs1.trimEnd(),
    "with an empty line at its end": `${pkcs1}\n`,
  })) {
    it(`is taken ${what}`, () => {
      expect(whyNoAppKey(text)).to.equal(undefined);
    });
  }

  for (const [text, found] of [
    ["", "nothing in it"],
    [" \n", "nothing in it"],
    [pkcs1.replaceAll("\n", "\\n"), "a key whose line ends are the two characters \\ and n"],
    [pkcs1.replaceAll("\n", "\\r\\n"), "a key whose line ends are the two characters \\ and n"],
    [pkcs1.replaceAll("\n", " ").trim(), "a key on one line"],
    [pkcs1.replaceAll("\n", ""), "a key on one line"],
    [`${pkcs1.replaceAll("\n", "")}\n`, "a key on one line"],
    [pkcs1.replaceAll("RSA PRIVATE", "OPENSSH PRIVATE"), "a key in OpenSSH's format"],
    [encrypted("pkcs1"), "a key that is encrypted with a passphrase"],
    [encrypted("pkcs8"), "a key that is encrypted with a passphrase"],
    [pkcs1.split("\n").slice(0, -2).join("\n"), "a key without its END line"],
    [pkcs1.replace("END RSA", "END"), "a key without its END line"],
    [pkcs1.replace(/^/gm, "  "), "a key with indented lines"],
    [[begin, ...rest.map((line) => `\t${line}`)].join("\n"), "a key with indented lines"],
    ["PRIVATE KEY", "text without a BEGIN line"],
    [rest.join("\n"), "text without a BEGIN line"],
    ["/home/me/PRIVATE KEY.pem", "a file's name"],
    ["acme.2026-11-27.private-key.pem\n", "a file's name"],
    [Buffer.from(pkcs1).toString("base64"), "a key in Base64"],
    [JSON.stringify({ kty: "RSA" }), "JSON"],
    [publicKey, "a public key"],
    [publicKey.replaceAll("PUBLIC KEY", "CERTIFICATE"), "a certificate"],
    [pkcs1 + pkcs8, "2 PEM blocks"],
    [`Bag Attributes\n${pkcs1}`, "text before the BEGIN line"],
    [`\uFEFF${pkcs1}`, "text before the BEGIN line"],
    [`${pkcs1}# of acme\n`, "text after the END line"],
    [elliptic.export({ type: "sec1", format: "pem" }).toString(), "an EC key"],
    [elliptic.export({ type: "pkcs8", format: "pem" }).toString(), "a key of type ec"],
    [short.export({ type: "pkcs1", format: "pem" }).toString(), "an RSA key of 1024 bits"],
    [pkcs1.replace(/\n.{64}\n/, "\n"), "a damaged key"],
    [[begin, ...rest.slice(5)].join("\n"), "a damaged key"],
  ] as const) {
    it(`is not ${found}: ${shape(text)}`, () => {
      expect(whyNoAppKey(text)).to.equal(found);
    });
  }
});

/** Returns a title for a text: its first characters and its length. */
function shape(text: string): string {
  return `${JSON.stringify(text.slice(0, 20))} of ${text.length} characters`;
}
