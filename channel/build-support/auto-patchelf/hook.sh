# Variables a package may set: dontAutoPatchelf, runtimeDependencies (their
# lib directories are added to every RUNPATH), autoPatchelfIgnoreMissingDeps
# (true, or patterns of library names), appendRunpaths.
autoPatchelfSearchDirs=()
addAutoPatchelfSearchPath() {
  local d
  for d; do [[ $d != --* ]] || continue; autoPatchelfSearchDirs+=("$d"); done
}

# autoPatchelf [--] DIR...
autoPatchelf() {
  local p d dirs= roots=()
  for p; do [[ $p == --* ]] || roots+=("$p"); done
  for d in "${autoPatchelfSearchDirs[@]}"; do dirs+=" $d"; done
  for p in "${_inputPaths[@]}"; do for d in lib lib64; do [ ! -d "$p/$d" ] || dirs+=" $p/$d"; done; done
  dirs+=" @gccLib@"
  local extra= d
  for p in ${runtimeDependencies[*]:-}; do if [ -d "$p/lib" ]; then extra+=${extra:+:}$p/lib; elif [ -d "$p" ]; then extra+=${extra:+:}$p; fi; done
  for p in ${appendRunpaths[*]:-}; do extra+=${extra:+:}$p; done
  local missing=
  case ${autoPatchelfIgnoreMissingDeps[*]:-} in
    "") ;;
    1|true|"*") missing=.;;
    *) for d in ${autoPatchelfIgnoreMissingDeps[*]}; do d=${d//./\\.}; d=${d//\*/.*}; missing+=${missing:+|}^$d\$; done;;
  esac
  (
    set -euo pipefail
    source @elf@
    interpreter=@loader@ libc=@libcLib@ allowMissing=$missing extraRunpath=$extra
    relocateElf "$dirs" "${roots[@]}"
  ) || { echo "autoPatchelf: add the package that provides the library to buildInputs, or list it in autoPatchelfIgnoreMissingDeps" >&2; return 1; }
}

_autoPatchelfOutputs() {
  [ -z "${dontAutoPatchelf:-}" ] || return 0
  local o list=()
  for o in $outputs; do [ ! -e "${!o}" ] || list+=("${!o}"); done
  echo "automatically fixing ELF files in ${list[*]}"
  autoPatchelf "${list[@]}"
}
postFixupHooks+=(_autoPatchelfOutputs)
