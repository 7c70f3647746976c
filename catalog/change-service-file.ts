import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { formatFinding } from "./finding.ts";
import { serviceFileFindings } from "./service.ts";
import { dropHold, setHold, type Hold } from "./set-hold.ts";
import { setImageTag } from "./set-image-tag.ts";
import { readYaml } from "./yaml.ts";

/** What a command changes in a service file. */
export interface ServiceChange {
  /** The new `image.tag`. @default it stays */
  readonly tag?: string | undefined;
  /** The new hold; null lifts it. @default it stays */
  readonly hold?: Hold | null | undefined;
}

/**
 * Returns a service file with a change. The result is read again: it must be valid, mean the old file with the change and
 * nothing else, and have every other byte of the old one.
 *
 * @param file its path from the repository's root, for messages
 * @throws Error with file and line when the file is not valid, or is written so that the change cannot be made alone
 */
export function changeServiceFile(file: string, text: string, change: ServiceChange): string {
  refuseInvalid(`${file} is not valid:`, file, text);
  const { tag, hold } = change;
  const after = edited(file, text, change);
  const title = `${file} is written in a way that this command cannot change safely`;
  refuseInvalid(`${title}. It would become:`, file, after);
  const [was, is] = [valueOf(text), valueOf(after)];
  const wanted = {
    ...was,
    ...(tag !== undefined && { image: { ...was.image, tag } }),
    ...(hold && { hold: { tag: hold.tag, reason: hold.reason } }),
  };
  if (hold === null) delete wanted.hold;
  const rest = (whole: string) => {
    const untagged = tag === undefined ? whole : setImageTag(whole, "v0.0.0");
    return (hold === undefined ? untagged : dropHold(untagged)).replace(/\r?\n$/, "");
  };
  if (!isDeepStrictEqual(is, wanted) || rest(text) !== rest(after)) {
    throw new Error(
      `${title}: more than ${Object.keys(change).join(" and ")} would change.\nNothing was changed. Fix: write it as in docs/services.md, each key on a line of its own, with a line break at the end`,
    );
  }
  return after;
}

function edited(file: string, text: string, { tag, hold }: ServiceChange): string {
  try {
    const tagged = tag === undefined ? text : setImageTag(text, tag);
    return hold === undefined ? tagged : hold === null ? dropHold(tagged) : setHold(tagged, hold);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new Error(`${file}: ${said}\nNothing was changed.`, { cause: error });
  }
}

function refuseInvalid(title: string, file: string, text: string): void {
  const findings = serviceFileFindings(file, text);
  if (findings.length === 0) return;
  throw new Error(`${title}\n${findings.map(formatFinding).join("\n")}\nNothing was changed.`);
}

const Content = z.looseObject({ image: z.looseObject({}), hold: z.unknown().optional() });

/** The content as it is written, without defaults. */
function valueOf(text: string): z.infer<typeof Content> {
  return Content.parse(readYaml("", text).value);
}
