import { hasScalar, setScalars } from "../lib/yaml-edit.ts";
import { isImageTag } from "./schema.ts";

const path = ["image", "tag"];

/**
 * A service file with another image tag: the tag's own characters change, every other byte stays, comments, quotes and
 * line endings included.
 *
 * @throws Error when the file has no `image.tag` on one line, or `tag` is no image tag
 */
export function setImageTag(text: string, tag: string): string {
  if (!isImageTag(tag)) {
    throw new Error(
      `"${tag}" is no image tag; allowed are sha-<7 hex digits> and v<major>.<minor>.<patch>.`,
    );
  }
  if (!hasScalar(text, path)) {
    throw new Error("The service file has no image.tag to change. Run: idp check");
  }
  return setScalars(text, [[path, tag]]);
}
