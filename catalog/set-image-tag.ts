import { hasScalar, setScalars } from "../lib/yaml-edit.ts";
import { isImageTag } from "./schema.ts";

const path = ["image", "tag"];

/**
 * Returns a service file with another image tag. Only the tag's characters change; every other byte stays, comments,
 * quotes and line endings included.
 *
 * @throws Error when the file has no `image.tag` on one line, or `tag` is not an image tag
 */
export function setImageTag(text: string, tag: string): string {
  if (!isImageTag(tag)) {
    throw new Error(
      `"${tag}" is not an image tag; allowed are sha-<7 hex digits> and v<major>.<minor>.<patch>.`,
    );
  }
  if (!hasScalar(text, path)) {
    throw new Error("The service file has no image.tag to change. Run: idp check");
  }
  return setScalars(text, [[path, tag]]);
}
