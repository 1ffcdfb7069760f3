# Helpers for bash with the bootstrap tools: unpacking debs and moving ELF
# programs into the store. The caller sets $interpreter (the loader) and $libc
# (the directory of the C library).

# unpackDeb DEB DIR: directories that are links in DIR stay links, so a link
# lib/x86_64-linux-gnu -> . merges that directory into lib/.
unpackDeb() {
  ar p "$1" data.tar.xz | xz -dc | tar x -f - -C "$2" --no-same-owner --keep-directory-symlink --no-overwrite-dir \
    --exclude='./usr/share/man/*' --exclude='./usr/share/info/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/share/lintian' --exclude='./usr/share/bug' --exclude='./usr/share/doc-base' \
    --exclude='./usr/share/doc/*/*/*' --exclude='./usr/share/doc/*/[!c]*' --exclude='./usr/share/doc/*/changelog*'
}

# pruneDocs DIR: of the documentation only the licences stay.
pruneDocs() {
  local d
  for d in man info locale; do rm -rf "$1/share/$d"; done
  [ ! -d "$1/share/doc" ] || find "$1/share/doc" -depth -type d -empty -delete
}

# fixLinks DIR [OTHER...]: symlinks that meant /usr/... or climbed out of their
# place before the merge are pointed at the same file in DIR, else in one of
# the other trees; links that lead nowhere are removed.
fixLinks() {
  local root=$1 link target t found tree; shift
  while IFS= read -r -d '' link && IFS= read -r -d '' target; do
    # Links inside the tree that already lead somewhere are right.
    case $target in
      /nix/store/*) continue;;
      /*) ;;
      *) [ ! -e "$root/$link" ] || continue;;
    esac
    t=$target
    case $t in /*) ;; ../*) while [[ $t == ../* ]]; do t=${t#../}; done;; *) t=$(dirname "$link")/$t;; esac
    t=${t#/}; t=${t#usr/}
    found=
    for tree in "$root" "$@"; do
      # lib/x/y is lib/y in a flattened tree; the link in there says so
      [ -e "$tree/$t" ] && [ "$tree/$t" != "$root/$link" ] && { found=$tree/$t; break; }
    done
    if [ -n "$found" ]; then ln -sfn "$found" "$root/$link"; else rm "$root/$link"; fi
  done < <(find "$root" -mindepth 1 -type l ! -path "$root/usr" ! -path "$root/lib64" -printf '%P\0%l\0')
}

# relocateElf LIBDIRS ROOT...: gives every dynamic ELF file below the ROOTs the
# store's loader and a RUNPATH of exactly those directories that hold what it
# needs: its own tree first, then LIBDIRS (blank-separated, in order).
# A library found nowhere is an error unless it matches $allowMissing (a
# regular expression). $extraRunpath (colon-separated) is added to each.
relocateElf() {
  local dirs=$1 key files work; shift
  work=$(mktemp -d)
  # soname -> directory; the shallowest directory of the own tree wins
  { find "$@" \( -type f -o -type l \) -name '*.so*' -printf '%d %f %h\n' | sort -n -s -k1,1
    for d in $libc $dirs; do [ ! -d $d ] || find $d/ -maxdepth 1 -name '*.so*' -printf "999 %f $d\n"; done
  } > $work/index
  find "$@" -type f \( -perm -0100 -o -name '*.so' -o -name '*.so.*' \) ! -name '*.o' ! -name '*.a' ! -name '*.ko' ! -name 'ld-linux*' -size +3 -print0 |
    LC_ALL=C sort -z > $work/files
  # one readelf for many files; a first fixed file makes it print names always
  xargs -0 -r readelf -W -l -d "$interpreter" < $work/files 2>/dev/null > $work/headers || true
  gawk -v allow="${allowMissing:-}" -v extra="${extraRunpath:-}" -v self="$interpreter" '
    FNR == NR { if (!($2 in dir)) dir[$2] = $3; next }
    function flush(   i, n, r, seen, d, bad) {
      if (file == "" || file == self || !dynamic) return
      n = split(needed, want, " "); r = extra; delete seen
      for (i = 1; i <= n; i++) {
        if (want[i] ~ /^ld-linux/) continue
        if (!(want[i] in dir)) {
          if (allow == "" || want[i] !~ allow) { print "relocate: " file " needs " want[i] ", which no dependency provides" > "/dev/stderr"; failed = 1 }
          continue
        }
        d = dir[want[i]]
        if (!(d in seen)) { seen[d] = 1; r = r (r == "" ? "" : ":") d }
      }
      if (r != "" || interp) print interp "\t" (r == "" ? "-" : r) "\t" file
    }
    /^File: / { flush(); file = substr($0, 7); interp = 0; needed = ""; dynamic = 0; next }
    /Requesting program interpreter/ { interp = 1 }
    /^Dynamic section/ { dynamic = 1 }
    /\(NEEDED\)/ { match($0, /\[[^]]*\]/); needed = needed " " substr($0, RSTART + 1, RLENGTH - 2) }
    END { flush(); exit failed }
  ' $work/index $work/headers | LC_ALL=C sort > $work/plan || { [ "${PIPESTATUS[0]}" = 0 ] || return 1; }
  local IFS=$'\t' i r f last="" batch=()
  while read -r i r f || [ -n "$last" ]; do
    key="$i	$r"
    if [ "$key" != "$last" ] && [ ${#batch[@]} -gt 0 ]; then
      chmod u+w "${batch[@]}"
      printf '%s\0' "${batch[@]}" | xargs -0 patchelf ${mode[@]}
      batch=()
    fi
    [ -n "${f:-}" ] || break
    last=$key
    batch+=("$f")
    if [ "$i" = 1 ]; then mode=(--set-interpreter "$interpreter"); else mode=(); fi
    [ "$r" = - ] || mode+=(--set-rpath "$r")
  done < $work/plan
  rm -rf $work
}

