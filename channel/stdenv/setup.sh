# The shell side of mkDerivation: environment, hooks, phases.
#
# Every attribute of the derivation is a variable here. A phase NAME is run as
# the variable's text if there is one, else as the function. `runHook NAME`
# runs the variable or function of that name and then each entry of the array
# NAMEHooks (setup hooks append to those).
set -eu
set -o pipefail
shopt -s nullglob

: "${SOURCE_DATE_EPOCH:=315532800}"
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C ZERO_AR_DATE=1
export SHELL=$shell CONFIG_SHELL=$shell
: "${outputs:=out}"
: "${NIX_BUILD_CORES:=1}"
prefix=${prefix:-${out:-}}

# Structured attributes arrive as bash variables in a file.
if [ -e "${NIX_ATTRS_SH_FILE:-.attrs.sh}" ]; then
  . "${NIX_ATTRS_SH_FILE:-.attrs.sh}"
  for _name in "${!outputs[@]}"; do export "$_name=${outputs[$_name]}"; done
  outputs="${!outputs[*]}"
fi

# --- hooks -----------------------------------------------------------------

# _eval CODE-OR-FUNCTION [ARG...]
_eval() {
  if declare -F "$1" > /dev/null; then "$@"; else eval "$1"; fi
}

runHook() {
  local name=$1 entry; shift
  if declare -F "$name" > /dev/null; then "$name" "$@"; elif [ -n "${!name:-}" ]; then eval "${!name}"; fi
  local array="${name%Hook}Hooks[@]"
  for entry in "${!array}"; do _eval "$entry" "$@"; done
}
runOneHook() { runHook "$@"; }

# addHook NAME CODE: for setup hooks that prefer a call to an array.
addHook() { eval "${1}Hooks+=(\"\$2\")"; }

# addEnvHooks OFFSET FUNCTION...: each is called with every input's path.
envHooks=()
addEnvHooks() { shift; envHooks+=("$@"); }
hostOffset=0 targetOffset=1 depHostOffset=0

for _h in preUnpack postUnpack prePatch postPatch preConfigure postConfigure preBuild postBuild preCheck postCheck preInstall postInstall \
  preFixup fixupOutput postFixup preInstallCheck postInstallCheck preDist postDist exit failure; do
  declare -a "${_h}Hooks=()"
done
unset _h

# --- inputs ----------------------------------------------------------------

addToSearchPathWithCustomDelimiter() { [ ! -d "$3" ] || export "$2=${!2:+${!2}$1}$3"; }
addToSearchPath() { addToSearchPathWithCustomDelimiter : "$@"; }

declare -A _seenInputs=()
_inputPaths=()
# _addInput PATH: PATH and what it propagates, each once. A build input may be
# a file: then it is itself a setup hook.
_addInput() {
  local p=$1 q f
  [ -z "${_seenInputs[$p]:-}" ] || return 0
  _seenInputs[$p]=1
  [ -e "$p" ] || { echo "setup: the build input $p does not exist" >&2; return 1; }
  _inputPaths+=("$p")
  if [ -f "$p" ]; then . "$p"; return 0; fi
  [ ! -d "$p/bin" ] || _inputPath=${_inputPath:+$_inputPath:}$p/bin
  [ ! -d "$p/include" ] || NIX_CFLAGS_DIRS+=" $p/include"
  for q in lib lib64; do [ ! -d "$p/$q" ] || [ -L "$p/$q" ] || NIX_LDFLAGS_DIRS+=" $p/$q"; done
  addToSearchPath PKG_CONFIG_PATH "$p/lib/pkgconfig"
  addToSearchPath PKG_CONFIG_PATH "$p/share/pkgconfig"
  addToSearchPath ACLOCAL_PATH "$p/share/aclocal"
  addToSearchPath CMAKE_PREFIX_PATH "$p"
  for f in propagated-build-inputs propagated-native-build-inputs; do
    [ ! -f "$p/nix-support/$f" ] || for q in $(< "$p/nix-support/$f"); do _addInput "$q"; done
  done
  [ ! -f "$p/nix-support/setup-hook" ] || . "$p/nix-support/setup-hook"
}

NIX_CFLAGS_DIRS= NIX_LDFLAGS_DIRS= PKG_CONFIG_PATH= ACLOCAL_PATH= CMAKE_PREFIX_PATH= _inputPath=
PATH=
for _p in $initialPath; do PATH=${PATH:+$PATH:}$_p/bin; done
_initial=$PATH
for _p in ${depsBuildBuild[*]:-} ${nativeBuildInputs[*]:-} ${propagatedNativeBuildInputs[*]:-} ${buildInputs[*]:-} ${propagatedBuildInputs[*]:-}; do _addInput "$_p"; done
PATH=${_inputPath:+$_inputPath:}$_initial
export PATH NIX_CFLAGS_DIRS NIX_LDFLAGS_DIRS PKG_CONFIG_PATH ACLOCAL_PATH CMAKE_PREFIX_PATH
for _h in "${envHooks[@]}"; do for _p in "${_inputPaths[@]}"; do "$_h" "$_p"; done; done
HOST_PATH=$PATH
export CC=${CC:-cc} CXX=${CXX:-c++} AR=${AR:-ar} LD=${LD:-ld} STRIP=${STRIP:-strip} RANLIB=${RANLIB:-ranlib} NM=${NM:-nm}

# --- helpers for phases ----------------------------------------------------

stripHash() {
  local s=${1##*/}
  if [[ $s =~ ^[0-9a-z]{32}-(.*)$ ]]; then s=${BASH_REMATCH[1]}; fi
  echo "$s"
}

isELF() { local m; [ -f "$1" ] && LC_ALL=C IFS= read -r -n 4 -d '' m < "$1" 2> /dev/null; [ "${m:-}" = $'\x7fELF' ]; }
isScript() { local m; LC_ALL=C IFS= read -r -n 2 -d '' m < "$1" 2> /dev/null; [ "${m:-}" = '#!' ]; }

nixLog() { echo "$*" >&2; }
nixInfoLog() { nixLog "$@"; }
nixErrorLog() { nixLog "$@"; }
echoCmd() { printf '%s:' "$1"; shift; printf ' %q' "$@"; echo; }
getAllOutputNames() { echo "$outputs"; }
# The value of an attribute that may be a string or, structured, an array.
concatTo() { local -n _target=$1; shift; local n; for n in "$@"; do n=${n%%=*}; local a="$n[@]"; for v in "${!a:-}"; do _target+=($v); done; done; }

# substitute IN OUT (--replace[-fail|-warn|-quiet] OLD NEW | --subst-var NAME |
# --subst-var-by NAME VALUE)...
substituteStream() {
  local content=$1 what=$2 old new; shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --replace|--replace-fail|--replace-warn|--replace-quiet) old=$2 new=$3
        if [[ $content != *"$old"* ]]; then
          [ $1 != --replace-fail ] || { echo "substitute: \"$old\" does not occur in $what" >&2; return 1; }
          [ $1 = --replace-quiet ] || echo "substitute: warning: \"$old\" does not occur in $what" >&2
        fi; shift 3;;
      --subst-var) old=@$2@; [[ $2 =~ ^[a-zA-Z_][a-zA-Z0-9_]*$ ]] || { echo "substitute: \"$2\" is no variable name" >&2; return 1; }; new=${!2}; shift 2;;
      --subst-var-by) old=@$2@ new=$3; shift 3;;
      *) echo "substitute: unknown argument $1" >&2; return 1;;
    esac
    content=${content//"$old"/"$new"}
  done
  printf '%s' "$content"
}
substitute() {
  local in=$1 to=$2 text; shift 2
  [ -f "$in" ] || { echo "substitute: no file $in" >&2; return 1; }
  IFS= read -r -d '' text < "$in" || true
  text=$(substituteStream "$text" "$in" "$@"; echo x) || return 1
  text=${text%x}
  if [ -e "$to" ]; then chmod u+w "$to"; fi
  printf '%s' "$text" > "$to"
}
substituteInPlace() {
  local files=() f
  while [ $# -gt 0 ] && [[ $1 != --* ]]; do files+=("$1"); shift; done
  for f in "${files[@]}"; do substitute "$f" "$f" "$@"; done
}
_allSubst() { local n; for n in $(compgen -e); do [[ $n =~ ^[a-z][a-zA-Z0-9_]*$ ]] && printf '%s\0' --subst-var "$n"; done; return 0; }
substituteAll() { local in=$1 to=$2 args; mapfile -d '' -t args < <(_allSubst); substitute "$in" "$to" "${args[@]}"; }
substituteAllInPlace() { substituteAll "$1" "$1"; }

installBin() { local f; mkdir -p "${outputBin:-$out}/bin"; for f; do install -m755 "$f" "${outputBin:-$out}/bin/$(stripHash "$f")"; done; }
moveToOutput() {
  local pattern=$1 to=$2 o f rel
  for o in $outputs; do
    [ "${!o}" != "$to" ] || continue
    for f in "${!o}"/$pattern; do
      rel=${f#"${!o}/"}; mkdir -p "$to/$(dirname "$rel")"; mv "$f" "$to/$rel"
      rmdir -p --ignore-fail-on-non-empty "$(dirname "$f")" 2> /dev/null || true
    done
  done
}

# --- phases ----------------------------------------------------------------

_unpackOne() {
  local f=$1 name
  if declare -F unpackCmdHook > /dev/null; then :; fi
  if [ -n "${unpackCmd:-}" ]; then curSrc=$f; eval "$unpackCmd"; return; fi
  if [ -d "$f" ]; then name=$(stripHash "$f"); cp -r --preserve=timestamps --reflink=auto -- "$f" "$name"; chmod -R u+w "$name"; return; fi
  case $f in
    *.tar|*.tar.*|*.tgz|*.tbz2|*.txz|*.tbz) tar xf "$f" --no-same-owner --warning=no-timestamp;;
    *.zip) unzip -qq "$f";;
    *.deb) ar p "$f" data.tar.xz | tar xJf - --no-same-owner;;
    *) echo "unpack: $f is no archive this environment knows; set dontUnpack, unpackPhase or unpackCmd" >&2; return 1;;
  esac
}
unpackFile() { echo "unpacking $1"; _unpackOne "$1"; }

unpackPhase() {
  runHook preUnpack
  local list f before=" $(echo *) " dirs=()
  if [ -n "${srcs[*]:-}" ]; then list=(${srcs[*]}); elif [ -n "${src:-}" ]; then list=($src); else
    echo "unpack: neither src nor srcs is set; set dontUnpack = true when there is nothing to unpack" >&2; return 1; fi
  for f in "${list[@]}"; do unpackFile "$f"; done
  if [ -n "${setSourceRoot:-}" ]; then eval "$setSourceRoot"
  elif [ -z "${sourceRoot:-}" ]; then
    for f in */; do f=${f%/}; [[ $before == *" $f "* ]] || dirs+=("$f"); done
    case ${#dirs[@]} in
      1) sourceRoot=${dirs[0]};;
      0) echo "unpack: the source has no directory; set sourceRoot = \".\"" >&2; return 1;;
      *) echo "unpack: the source has several directories (${dirs[*]}); set sourceRoot to one of them" >&2; return 1;;
    esac
  fi
  [ "${dontMakeSourcesWritable:-}" = 1 ] || chmod -R u+w -- "$sourceRoot"
  runHook postUnpack
}

patchPhase() {
  runHook prePatch
  local p
  for p in ${patches[*]:-}; do
    echo "applying patch $p"
    case $p in
      *.gz) gzip -dc "$p";; *.xz) xz -dc "$p";; *.bz2) bzip2 -dc "$p";; *) cat "$p";;
    esac | patch ${patchFlags[*]:--p1}
  done
  runHook postPatch
}

# Old timestamps and libtool's idea of library paths are the usual causes of
# impure configure results; both are settled before it runs.
configurePhase() {
  runHook preConfigure
  : "${configureScript:=}"
  if [ -z "$configureScript" ] && [ -x ./configure ]; then configureScript=./configure; fi
  if [ -n "$configureScript" ]; then
    local flags=()
    [ -n "${dontAddPrefix:-}" ] || [ -z "$prefix" ] || flags+=("${prefixKey:---prefix=}$prefix")
    if [ -z "${dontAddDisableDepTrack:-}" ] && grep -q dependency-tracking "$configureScript"; then flags+=(--disable-dependency-tracking); fi
    if [ -z "${dontDisableStatic:-}" ] && grep -q enable-static "$configureScript"; then flags+=(--disable-static); fi
    [ -z "${bindir:-}" ] || flags+=("--bindir=$bindir")
    if [[ " $outputs " == *" dev "* ]]; then flags+=("--includedir=$dev/include"); fi
    flags+=(${configureFlags[*]:-})
    if [ -n "${configureFlagsArray+x}" ]; then flags+=("${configureFlagsArray[@]}"); fi
    echoCmd 'configure flags' "${flags[@]}"
    $SHELL $configureScript "${flags[@]}"
  else
    echo "no configure script, doing nothing"
  fi
  runHook postConfigure
}

_makeFlags() {
  _flags=(SHELL="$SHELL")
  [ -z "${enableParallelBuilding:-}" ] || _flags+=("-j$NIX_BUILD_CORES")
  _flags+=(${makeFlags[*]:-})
  if [ -n "${makeFlagsArray+x}" ]; then _flags+=("${makeFlagsArray[@]}"); fi
}
_hasMakefile() { [ -n "${makefile:-}" ] || [ -e Makefile ] || [ -e makefile ] || [ -e GNUmakefile ]; }

buildPhase() {
  runHook preBuild
  if [ -n "${makeFlags[*]:-}" ] || _hasMakefile; then
    _makeFlags
    _flags+=(${buildFlags[*]:-} ${buildTargets[*]:-})
    make ${makefile:+-f $makefile} "${_flags[@]}"
  else
    echo "no Makefile or custom buildPhase, doing nothing"
  fi
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  if _hasMakefile; then
    _makeFlags
    local target=${checkTarget:-}
    if [ -z "$target" ]; then
      if make -n ${makefile:+-f $makefile} "${_flags[@]}" check > /dev/null 2>&1; then target=check
      elif make -n ${makefile:+-f $makefile} "${_flags[@]}" test > /dev/null 2>&1; then target=test; fi
    fi
    [ -z "$target" ] || make ${makefile:+-f $makefile} "${_flags[@]}" ${checkFlags[*]:-VERBOSE=y} $target
  fi
  runHook postCheck
}

installPhase() {
  runHook preInstall
  if _hasMakefile; then
    [ -z "$prefix" ] || mkdir -p "$prefix"
    _makeFlags
    make ${makefile:+-f $makefile} "${_flags[@]}" ${installFlags[*]:-} ${installTargets[*]:-install}
  else
    echo "no Makefile or custom installPhase, doing nothing"
  fi
  runHook postInstall
}

# The programs and libraries below a directory, in a stable order.
_elfFiles() {
  find "$1" -type f \( -perm -0100 -o -name '*.so' -o -name '*.so.*' -o -name '*.a' -o -name '*.o' \) -print0 | LC_ALL=C sort -z |
    while IFS= read -r -d '' f; do if isELF "$f"; then printf '%s\0' "$f"; fi; done
}

_stripDirs() {
  local o=$1
  [ -z "${dontStrip:-}" ] || return 0
  _elfFiles "$o" | xargs -0 -r strip -S -p 2> /dev/null || true
}
_shrinkRpaths() {
  [ -z "${dontPatchELF:-}" ] || return 0
  _elfFiles "$1" | while IFS= read -r -d '' f; do
    case $f in *.a|*.o) continue;; esac
    patchelf --shrink-rpath "$f" 2> /dev/null || true
  done
}

# patchShebangs [--build|--host] [--update] DIR...: interpreters named outside
# the store are replaced by what PATH has.
patchShebangs() {
  local f line interp args name found
  while [[ ${1:-} == --* ]]; do shift; done
  while IFS= read -r -d '' f; do
    isScript "$f" || continue
    IFS= read -r line < "$f" || continue
    line=${line#\#!}; line=${line# }
    read -r interp args <<< "$line" || true
    case $interp in
      "$NIX_STORE"/*|"") continue;;
      */env) name=${args%% *}; [ "$name" != -S ] || { args=${args#-S }; name=${args%% *}; }; args=${args#"$name"}; args=${args# };;
      *) name=${interp##*/};;
    esac
    found=$(type -P "$name" || true)
    [ -n "$found" ] || continue
    [ -w "$f" ] || chmod u+w "$f"
    sed -i -e "1s|.*|#!$found${args:+ $args}|" "$f"
  done < <(find "$@" -type f -perm -0100 -print0 | LC_ALL=C sort -z)
}

_fixupOutput() {
  local o=$1
  _stripDirs "$o"
  _shrinkRpaths "$o"
  [ -n "${dontPatchShebangs:-}" ] || patchShebangs "$o"
  [ ! -d "$o/share/man" ] || [ -n "${dontGzipMan:-}" ] || find "$o/share/man" -type f -name '*.[1-9]' -print0 | xargs -0 -r gzip -n9f
  rm -f "$o/share/info/dir"
}

fixupPhase() {
  local o
  for o in $outputs; do
    o=${!o}
    [ -d "$o" ] || continue
    chmod -R u+w "$o"
  done
  runHook preFixup
  for o in $outputs; do
    prefix=${!o}
    [ -d "$prefix" ] || continue
    _fixupOutput "$prefix"
    runHook fixupOutput
  done
  prefix=${out:-}
  local to=$out
  [[ " $outputs " != *" dev "* ]] || to=$dev
  if [ -n "${propagatedBuildInputs[*]:-}" ]; then mkdir -p "$to/nix-support"; echo "${propagatedBuildInputs[*]}" > "$to/nix-support/propagated-build-inputs"; fi
  if [ -n "${propagatedNativeBuildInputs[*]:-}" ]; then mkdir -p "$to/nix-support"; echo "${propagatedNativeBuildInputs[*]}" > "$to/nix-support/propagated-native-build-inputs"; fi
  # Whoever builds with a dev output also wants the libraries.
  if [ "$to" != "$out" ] && [ -d "$to" ]; then mkdir -p "$to/nix-support"; echo "$out" >> "$to/nix-support/propagated-build-inputs"; fi
  if [ -n "${setupHook:-}" ]; then mkdir -p "$to/nix-support"; substituteAll "$setupHook" "$to/nix-support/setup-hook"; fi
  for o in ${setupHooks[*]:-}; do mkdir -p "$to/nix-support"; cat "$o" >> "$to/nix-support/setup-hook"; done
  runHook postFixup
}

installCheckPhase() {
  runHook preInstallCheck
  if _hasMakefile; then
    _makeFlags
    make ${makefile:+-f $makefile} "${_flags[@]}" ${installCheckFlags[*]:-} ${installCheckTarget:-installcheck}
  fi
  runHook postInstallCheck
}

distPhase() {
  runHook preDist
  make ${distFlags[*]:-} ${distTarget:-dist}
  runHook postDist
}

# --- the run ---------------------------------------------------------------

_exitHandler() {
  local code=$?
  set +e
  trap - EXIT
  if [ $code -ne 0 ]; then runHook failureHook; else runHook exitHook; fi
  exit $code
}
trap _exitHandler EXIT

_skips() {
  case $1 in
    unpackPhase) [ -n "${dontUnpack:-}" ];;
    patchPhase) [ -n "${dontPatch:-}" ];;
    configurePhase) [ -n "${dontConfigure:-}" ];;
    buildPhase) [ -n "${dontBuild:-}" ];;
    checkPhase) [ -z "${doCheck:-}" ];;
    installPhase) [ -n "${dontInstall:-}" ];;
    fixupPhase) [ -n "${dontFixup:-}" ];;
    installCheckPhase) [ -z "${doInstallCheck:-}" ];;
    distPhase) [ -z "${doDist:-}" ];;
    *) return 1;;
  esac
}

runPhase() {
  curPhase=$1
  ! _skips "$1" || return 0
  echo "Running phase: $1"
  # A phase may change shell options; errors must stop the build all the same,
  # so nothing here may put the call behind && or ||.
  if [ -n "${!1:-}" ]; then eval "${!1}"; else "$1"; fi
  set -e
  if [ "$1" = unpackPhase ]; then
    [ ! -d "${sourceRoot:-}" ] || cd -- "${sourceRoot:-.}"
  fi
}

definePhases() {
  [ -n "${phases[*]:-}" ] || phases="${prePhases[*]:-} unpackPhase patchPhase ${preConfigurePhases[*]:-} configurePhase ${preBuildPhases[*]:-} buildPhase checkPhase ${preInstallPhases[*]:-} installPhase ${preFixupPhases[*]:-} fixupPhase installCheckPhase ${preDistPhases[*]:-} distPhase ${postPhases[*]:-}"
}

genericBuild() {
  if [ -n "${buildCommandPath:-}" ]; then source "$buildCommandPath"; return; fi
  if [ -n "${buildCommand:-}" ]; then eval "$buildCommand"; return; fi
  definePhases
  local p
  for p in ${phases[*]}; do runPhase "$p"; done
}

# Code written for this environment does not use `set -u`.
set +u
runHook postHook
