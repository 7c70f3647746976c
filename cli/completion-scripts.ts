import type { CommandWords, Offer } from "./completion-words.ts";

/** The shells that there is a script for. */
export const shells = ["bash", "zsh", "fish"] as const;
/** One of {@link shells}. */
export type Shell = (typeof shells)[number];

/** A script that teaches a shell the words of a command. It starts no program but git, which finds the services' files. */
export function completionScript(shell: Shell, commands: readonly CommandWords[]): string {
  return scripts[shell](commands);
}

const scripts: Readonly<Record<Shell, (commands: readonly CommandWords[]) => string>> = {
  bash: bashScript,
  // zsh runs functions that were written for bash.
  zsh: (commands) =>
    `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`,
  fish: fishScript,
};

/** Its variables have no name that means something to zsh, as `path` does. */
function bashScript(commands: readonly CommandWords[]): string {
  const inner = commands.flatMap(({ path, commands: names }) =>
    names.map((name) => `${path} ${name}`),
  );
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) =>
      value === undefined ? [] : [{ when: flags.map((flag) => `${path} ${flag}`), value }],
    ),
  );
  const options = commands.map(({ path, options: own }) => ({
    when: [path],
    value: own.flatMap(({ flags }) => flags),
  }));
  const positions = commands.flatMap(({ path, commands: names, arguments: offers, isVariadic }) => [
    ...(names.length > 0 ? [bashCase(quoted(`${path} 0`), names)] : []),
    ...offers.map((offer, index) => {
      const andMore = isVariadic && index === offers.length - 1 ? `|${quoted(`${path} `)}*` : "";
      return bashCase(`${quoted(`${path} ${index}`)}${andMore}`, offer);
    }),
  ]);
  return `_idp_services() {
  local root file
  root=$(git rev-parse --show-toplevel 2>/dev/null) || return 0
  for file in "$root"/argocd/applications/*/*.yaml; do
    [ -e "$file" ] || continue
    file=\${file##*/}
    echo "\${file%.yaml}"
  done | sort -u
}
_idp_files() {
  type compopt >/dev/null 2>&1 && compopt -o default
}
_idp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local at=idp position=0 index word offer=''
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$at $word" in
      ${patterns(inner)}) at="$at $word" position=0 ;;
      ${patterns(valued.flatMap(({ when }) => when))}) index=$((index + 1)) ;;
      *' -'*) ;;
      *) position=$((position + 1)) ;;
    esac
  done
  case "$at $previous" in
${valued.map(({ when, value }) => bashCase(patterns(when), value)).join("\n")}
    *)
      case "$current" in
        -*)
          case "$at" in
${options.map(({ when, value }) => bashCase(patterns(when), value)).join("\n")}
          esac
          ;;
        *)
          case "$at $position" in
${positions.join("\n")}
          esac
          ;;
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$offer" -- "$current"))
}
complete -F _idp idp
`;
}

function bashCase(pattern: string, offer: Offer): string {
  return `    ${pattern}) ${bashOffer(offer)} ;;`;
}

function bashOffer(offer: Offer): string {
  if (offer === "services") return `offer="$(_idp_services)"`;
  if (offer === "files") return "_idp_files";
  return offer === "unknown" ? ":" : `offer=${quoted(offer.join(" "))}`;
}

function patterns(words: readonly string[]): string {
  return words.map(quoted).join("|");
}

function fishScript(commands: readonly CommandWords[]): string {
  const inner = commands.flatMap(({ path, commands: names }) =>
    names.map((name) => `${path} ${name}`),
  );
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) =>
      value === undefined ? [] : flags.map((flag) => `${path} ${flag}`),
    ),
  );
  const described = new Map(commands.map(({ path, description }) => [path, description]));
  const lines = commands.flatMap(
    ({ path, commands: names, options, arguments: offers, isVariadic }) => [
      ...names.map(
        (name) =>
          `${fishAt(path, 0)} -a ${quoted(name)} -d ${fishQuoted(described.get(`${path} ${name}`) ?? "")}`,
      ),
      ...options.map(
        ({ flags, description, value }) =>
          `${fishAt(path)} ${flags.map(fishFlag).join(" ")}${value === undefined ? "" : ` ${fishValue(value)}`} -d ${fishQuoted(description)}`,
      ),
      ...offers.map((offer, index) => {
        const from = isVariadic && index === offers.length - 1 ? undefined : index;
        return `${fishAt(path, from)} ${fishOffer(offer)}`;
      }),
    ],
  );
  return `function __idp_services
    set -l root (git rev-parse --show-toplevel 2>/dev/null); or return
    for file in $root/argocd/applications/*/*.yaml
        string replace -r '.*/(.*)\\.yaml$' '$1' -- $file
    end
end
# Whether the words so far are those of a command, and its next argument is the one of this number.
function __idp_at
    set -l path idp
    set -l position 0
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- "$path $word" ${inner.map(quoted).join(" ")}
            set path "$path $word"
            set position 0
        else if contains -- "$path $word" ${valued.map(quoted).join(" ")}
            set skip 1
        else if not string match -q -- '-*' $word
            set position (math $position + 1)
        end
    end
    test "$path" = "$argv[1]"; and begin
        test (count $argv) = 1; or test $position = $argv[2]
    end
end
complete -c idp -f
${lines.join("\n")}
`;
}

function fishAt(path: string, position?: number): string {
  return `complete -c idp -n "__idp_at ${quoted(path)}${position === undefined ? "" : ` ${position}`}"`;
}

function fishFlag(flag: string): string {
  return flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
}

function fishValue(offer: Offer): string {
  return offer === "files" ? "-r -F" : `-x ${fishOffer(offer)}`;
}

function fishOffer(offer: Offer): string {
  if (offer === "services") return "-a '(__idp_services)'";
  if (offer === "files") return "-F";
  return offer === "unknown" ? "" : `-a ${quoted(offer.join(" "))}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}

/** Names of commands, flags and choices have no quote in them. */
function quoted(text: string): string {
  return `'${text}'`;
}
