import { serveAws } from "../../../twin/aws/plugin.ts";
import { types } from "../../../twin/aws/types/index.ts";

// pulumi-resource-aws for tests of the doubles themselves: a cluster is a record only, and its address, the discard
// port, answers nobody.

/** A certificate that signed nothing: kubeconfigs need one that can be parsed. Its key was thrown away. */
const unusedCertificate = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBqjCCAU+gAwIBAgIUdnqa8aD7iwR7dY6W1j73NRW4tDUwCgYIKoZIzj0EAwIw",
  "KTEnMCUGA1UEAwweaWRwIHR3aW4gd2l0aG91dCBjb250cm9sIHBsYW5lMCAXDTI2",
  "MTEyNDE3MDcwNFoYDzIxMjYxMDMxMTcwNzA0WjApMScwJQYDVQQDDB5pZHAgdHdp",
  "biB3aXRob3V0IGNvbnRyb2wgcGxhbmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC",
  "AAQgrq2oOmAH5S6C7wyUWm0wPoZNXyvampdEjGCE1wSFvQW6rvbMh0Te78hndVHN",
  "HY70p3+47+JE+x7J2Pvwl3vOo1MwUTAdBgNVHQ4EFgQU0Azsq8cdvz8TwkgHeMa5",
  "U9A4g1IwHwYDVR0jBBgwFoAU0Azsq8cdvz8TwkgHeMa5U9A4g1IwDwYDVR0TAQH/",
  "BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAmKez8aOX5QmU1Fo/k8PVUOxL43kK",
  "yZlb6Kg71jO/LbgCIQCXpt4ZjZLj97/5qQONm1OcskVv7T2VyO2g4nJHB/bMug==",
  "-----END CERTIFICATE-----",
  "",
].join("\n");

// The platform makes no access keys; a program that does is refused before one would be made.
Object.assign(types, { "aws:iam/accessKey:AccessKey": { required: ["user"] } });

serveAws({
  ensure: () =>
    Promise.resolve({
      endpoint: "https://127.0.0.1:9",
      certificateAuthority: Buffer.from(unusedCertificate).toString("base64"),
    }),
  delete: () => Promise.resolve(),
});
