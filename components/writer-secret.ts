import type { UpdatedImages } from "../config/schema.ts";
import { argoCdNamespace } from "./argocd-config.ts";

/**
 * The Secret with the key of the GitHub App that writes tags. `idp github writer-key` makes it and the program does not,
 * so that the key is in no state and no configuration, where every preview could read it. It has none of Argo CD's
 * labels: Argo CD takes it for no repository.
 */
export const writerSecret = { namespace: argoCdNamespace, name: "github-writer" } as const;

/** The GitHub App that Image Updater writes with. */
export type Writer = NonNullable<UpdatedImages["writer"]>;

/**
 * Returns {@link writerSecret} with the keys that Image Updater reads of a GitHub App (its function getCredsFromSecret,
 * version 1.3.0).
 * @param privateKey the text of the app's .pem file
 */
export function writerSecretOf({ appId, installationId }: Writer, privateKey: string) {
  const data = {
    githubAppID: appId,
    githubAppInstallationID: installationId,
    githubAppPrivateKey: privateKey,
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: writerSecret,
    type: "Opaque",
    // Not `stringData`: a server-side apply of it would not take away what a later one leaves out.
    data: Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
    ),
  };
}
