# makeWrapper PROGRAM WRAPPER ARGS...: a script that sets the environment and
# runs PROGRAM. ARGS: --set V X, --set-default V X, --unset V, --chdir DIR,
# --run CODE, --prefix V SEP X, --suffix V SEP X, --add-flags F,
# --append-flags F, --add-flag F, --append-flag F, --argv0 N, --inherit-argv0
makeWrapper() {
  local original=$1 wrapper=$2 flags= tail= argv0=$1; shift 2
  [ -x "$original" ] || { echo "makeWrapper: $original is not an executable file" >&2; return 1; }
  mkdir -p "$(dirname "$wrapper")"
  {
    echo "#! @shell@ -e"
    while [ $# -gt 0 ]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3"; shift 3;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3;;
        --unset) printf 'unset %s\n' "$2"; shift 2;;
        --chdir) printf 'cd %q\n' "$2"; shift 2;;
        --run) echo "$2"; shift 2;;
        --prefix) printf 'export %s=%q${%s:+%q$%s}\n' "$2" "$4" "$2" "$3" "$2"; shift 4;;
        --suffix) printf 'export %s=${%s:+$%s%q}%q\n' "$2" "$2" "$2" "$3" "$4"; shift 4;;
        --add-flags) flags+=" $2"; shift 2;;
        --append-flags) tail+=" $2"; shift 2;;
        --add-flag) flags+=" $(printf %q "$2")"; shift 2;;
        --append-flag) tail+=" $(printf %q "$2")"; shift 2;;
        --argv0) argv0=$2; shift 2;;
        --inherit-argv0) argv0='$0'; shift;;
        *) echo "makeWrapper: unknown argument $1" >&2; return 1;;
      esac
    done
    if [ "$argv0" = '$0' ]; then echo "exec -a \"\$0\" \"$original\"$flags \"\$@\"$tail"
    elif [ "$argv0" != "$original" ]; then echo "exec -a \"$argv0\" \"$original\"$flags \"\$@\"$tail"
    else echo "exec \"$original\"$flags \"\$@\"$tail"; fi
  } > "$wrapper"
  chmod 755 "$wrapper"
}
makeShellWrapper() { makeWrapper "$@"; }
makeBinaryWrapper() { makeWrapper "$@"; }

wrapProgram() {
  local prog=$1 hidden; shift
  hidden=$(dirname "$prog")/.$(basename "$prog")-wrapped
  while [ -e "$hidden" ]; do hidden=${hidden}_; done
  mv "$prog" "$hidden"
  makeWrapper "$hidden" "$prog" --inherit-argv0 "$@"
}
wrapProgramShell() { wrapProgram "$@"; }
wrapProgramBinary() { wrapProgram "$@"; }
