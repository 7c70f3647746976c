import type { Finding } from "../../catalog/finding.ts";
import type { Rule } from "../rule.ts";

/** What the rules say of an environment's settings, and of what the program makes of them. */
export interface Causes {
  readonly settings: readonly Finding[];
  readonly made: readonly Finding[];
  /** The same less what is excepted. */
  readonly madeUnexcepted: readonly Finding[];
}

/**
 * Each wrong setting once: where the settings say it, not in what the program makes of it, by whichever rules. An
 * exception names what is made, as it does for a plan; a setting all of whose own effects are excepted is, too.
 */
export function atTheirRoot(
  rules: readonly Rule[],
  { settings, made, madeUnexcepted }: Causes,
): Finding[] {
  const roots = settings.flatMap((root) => {
    const effects = made.filter(({ rule }) => rule === root.rule);
    const isExcepted = effects.length > 0 && !madeUnexcepted.some(({ rule }) => rule === root.rule);
    return isExcepted ? [] : [{ ...root, where: effects[0]?.where ?? root.where }];
  });
  const isEffect = ({ rule }: Finding) => {
    const follows: readonly string[] = rules.find(({ name }) => name === rule)?.follows ?? [];
    return roots.some((root) => root.rule === rule || follows.includes(root.key));
  };
  return [...roots, ...madeUnexcepted.filter((finding) => !isEffect(finding))];
}
