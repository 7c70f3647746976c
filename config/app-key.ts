import { createPrivateKey } from "node:crypto";

/** The fewest bits that a key of GitHub's has; Argo CD's library refuses an RSA key of fewer than 1024. */
const bits = 2048;

/** What a PEM block that is no RSA key holds, by its label. `PRIVATE KEY` (PKCS #8) may be one of any kind. */
const otherLabels: Readonly<Record<string, string>> = {
  "OPENSSH PRIVATE KEY": "a key in OpenSSH's format",
  "ENCRYPTED PRIVATE KEY": "a key that is encrypted with a passphrase",
  "EC PRIVATE KEY": "an EC key",
  "DSA PRIVATE KEY": "a DSA key",
  "PUBLIC KEY": "a public key",
  "RSA PUBLIC KEY": "a public key",
  CERTIFICATE: "a certificate",
};

/**
 * Says why a text cannot be the private key of a GitHub App: it must be one whole PEM block with an RSA key that needs no
 * passphrase, as GitHub's page downloads it. Argo CD and Image Updater read it with Go's encoding/pem, which takes the
 * first block only and no indentation, so what surrounds the block is refused as well.
 *
 * @returns what was found, such as `a public key`, never a part of the text; undefined if it is a key
 */
export function whyNoAppKey(text: string): string | undefined {
  return whyNoBlock(text) ?? whyNoRsaKey(text);
}

function whyNoBlock(text: string): string | undefined {
  const begins = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)];
  const label = begins[0]?.[1];
  if (text.trim() === "") return "nothing in it";
  if (label === undefined) return whyNoPem(text);
  if (begins.length > 1) return `${begins.length} PEM blocks`;
  if (otherLabels[label] !== undefined) return otherLabels[label];
  if (/^Proc-Type: *4,ENCRYPTED/m.test(text)) return otherLabels["ENCRYPTED PRIVATE KEY"];
  if (text.includes("\\n")) return "a key whose line ends are the two characters \\ and n";
  if (!text.includes(`-----END ${label}-----`)) return "a key without its END line";
  if (!/[\r\n]/.test(text.trim())) return "a key on one line";
  if (/^[ \t]+\S/m.test(text)) return "a key with indented lines";
  if (!text.startsWith("-----BEGIN ")) return "text before the BEGIN line";
  return text.trimEnd().endsWith(`-----END ${label}-----`) ? undefined : "text after the END line";
}

/** Says what a text without a BEGIN line seems to be. */
function whyNoPem(text: string): string {
  if (/^\s*LS0tLS1CRUdJTi/.test(text)) return "a key in Base64";
  if (/^\s*[[{"]/.test(text)) return "JSON";
  if (/^[^\n]*\.\w{2,4}\s*$/.test(text)) return "a file's name";
  return "text without a BEGIN line";
}

function whyNoRsaKey(text: string): string | undefined {
  const key = parsed(text);
  if (!key) return "a damaged key";
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: details } = key;
  if (type !== "rsa") return `a key of type ${type}`;
  const found = details?.modulusLength ?? 0;
  return found < bits ? `an RSA key of ${found} bits` : undefined;
}

function parsed(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    // OpenSSL's reason says nothing to a person.
    return undefined;
  }
}
