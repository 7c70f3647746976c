/**
 * The pictures of ARCHITECTURE.md: which room imports which, as dependency-cruiser finds it.
 *
 * `node test/architecture/picture.ts` rewrites them (`make picture`); with `--check` it fails when they are stale.
 */
import { execa } from "execa";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { rooms } from "./rooms.ts";

const page = join(repositoryRoot, "ARCHITECTURE.md");

/** An import between two rooms. */
type Arrow = readonly [from: string, to: string];

const Cruised = z.object({
  modules: z.array(
    z.object({ source: z.string(), dependencies: z.array(z.object({ resolved: z.string() })) }),
  ),
});

/** The room that a file is in: the most exact one. Files outside the rooms have none. */
export function roomOf(file: string): string | undefined {
  return Object.keys(rooms)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Less the arrows that a way over other rooms shows too: a picture of all of them is black. */
export function withoutDetours(arrows: readonly Arrow[]): Arrow[] {
  const targets = (room: string) => arrows.filter(([from]) => from === room).map(([, to]) => to);
  const reached = (from: string) => {
    const all = new Set(targets(from));
    for (const one of all) for (const next of targets(one)) all.add(next);
    return all;
  };
  return arrows.filter(
    ([from, to]) => !targets(from).some((other) => other !== to && reached(other).has(to)),
  );
}

/** A picture in Mermaid's words. */
export function mermaid(arrows: readonly Arrow[], name = (room: string) => room): string {
  const id = (room: string) => room.replaceAll(/\W/g, "_");
  const drawn = [...new Set(arrows.flat())].sort();
  return [
    "```mermaid",
    "graph TD",
    ...drawn.map((room) => `  ${id(room)}["${name(room)}"]`),
    ...withoutDetours(arrows)
      .map(([from, to]) => `  ${id(from)} --> ${id(to)}`)
      .sort(),
    "```",
  ].join("\n");
}

const isInTwin = (room: string) => room.startsWith("twin/");

/** The platform with the twin as one room, and the rooms of the twin. */
export function pictures(arrows: readonly Arrow[]): Readonly<Record<"platform" | "twin", string>> {
  const folded = arrows
    .map(([from, to]) => [from, to].map((room) => (isInTwin(room) ? "twin" : room)))
    .flatMap(([from = "", to = ""]): Arrow[] => (from === to ? [] : [[from, to]]));
  const inner = arrows.filter(([from, to]) => isInTwin(from) && isInTwin(to));
  return {
    platform: mermaid(unique(folded)),
    twin: mermaid(inner, (room) => room.slice("twin/".length)),
  };
}

const unique = (arrows: readonly Arrow[]): Arrow[] => [
  ...new Map(arrows.map((arrow) => [arrow.join(" "), arrow])).values(),
];

/** Every import between rooms, once. */
async function arrowsOf(root: string): Promise<Arrow[]> {
  const program = join(root, "node_modules/.bin/depcruise");
  const { stdout } = await execa(program, ["--output-type", "json", "."], {
    cwd: root,
    reject: false,
  });
  return unique(
    Cruised.parse(JSON.parse(stdout)).modules.flatMap(({ source, dependencies }) =>
      dependencies.flatMap(({ resolved }): Arrow[] => {
        const [from, to] = [roomOf(source), roomOf(resolved)];
        return from === undefined || to === undefined || from === to ? [] : [[from, to]];
      }),
    ),
  );
}

/** A page with its pictures put in: each stands between `<!-- picture: <name> -->` and `<!-- end of picture -->`. */
export function withPictures(text: string, drawn: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /(<!-- picture: (\w+) -->\n)[^]*?(<!-- end of picture -->)/g,
    (_, begin: string, name: string, end: string) => `${begin}\n${drawn[name] ?? ""}\n\n${end}`,
  );
}

if (import.meta.main) {
  const text = readFileSync(page, "utf8");
  const wanted = withPictures(text, pictures(await arrowsOf(repositoryRoot)));
  if (!process.argv.includes("--check")) writeWhole(page, wanted, 0o644);
  else if (wanted !== text) {
    console.error(
      "ARCHITECTURE.md: pictures-are-current: a picture shows other imports than there are. Fix: make picture",
    );
    process.exitCode = 1;
  }
}
