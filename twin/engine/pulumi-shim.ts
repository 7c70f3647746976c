import { shellQuoted } from "../../lib/shell.ts";

/**
 * Returns the script of the twin's `pulumi` command: the real CLI with the twin's settings of the selected stack. The CLI has
 * no variable for that (`PULUMI_OPTION_*` sets an option, but not one that depends on the stack). Therefore the script adds
 * `--config-file` to commands that accept it. It replaces itself by the real CLI (`exec`) so that signals reach it.
 *
 * `stack rm` would delete the stack's committed settings; the script makes it keep them.
 *
 * `config set` writes to the twin's settings wherever it runs: the script says so on standard error.
 *
 * @param pulumi the path of the real CLI
 * @param settings the folder with `Pulumi.<stack>.yaml`
 */
export function pulumiShim(pulumi: string, settings: string): string {
  return `#!/bin/sh
# Made by \`idp twin up\`: the Pulumi CLI with the twin's settings of the selected stack.
pulumi=${shellQuoted(pulumi)}
settings=${shellQuoted(settings)}
command= subcommand= stack=\${PULUMI_STACK-} value= given=
for argument do
  case $value in
    stack) stack=$argument; value=; continue ;;
    other) value=; continue ;;
  esac
  case $argument in
    --) break ;;
    -s | --stack) value=stack ;;
    --stack=*) stack=\${argument#--stack=} ;;
    -s?*) stack=\${argument#-s}; stack=\${stack#=} ;;
    --config-file | --config-file=*) given=yes ;;
    -C | --cwd | --color | -v | --verbose | --tracing | --otel-traces | --profiling | --memprofilerate) value=other ;;
    -*) ;;
    *) if [ -z "$command" ]; then command=$argument; elif [ -z "$subcommand" ]; then subcommand=$argument; fi ;;
  esac
done
case $command in
  up | update | preview | pre | refresh | destroy | down | dn | import | config)
    if [ -z "$given" ]; then
      [ -n "$stack" ] || stack=$("$pulumi" stack --show-name 2>/dev/null)
      file=$settings/Pulumi.\${stack##*/}.yaml
      if [ -f "$file" ]; then
        set -- "--config-file=$file" "$@"
        case $command/$subcommand in
          config/set | config/set-all | config/rm | config/rm-all) echo "on the twin: writes to $file" >&2 ;;
        esac
      fi
    fi ;;
  stack)
    [ "$subcommand" = rm ] && set -- "$@" --preserve-config ;;
esac
exec "$pulumi" "$@"
`;
}
