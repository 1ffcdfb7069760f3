# linkTree REL FROM TO: TO becomes a link to FROM, or, where TO is already a
# directory (or a link to one), the two are merged. The first comer keeps a
# file that both have.
linkTree() {
  local from=$2 to=$3 was f base
  if [ ! -e "$to" ] && [ ! -L "$to" ]; then
    if [ -n "$1" ]; then ln -s "$from" "$to"; return; fi
    mkdir -p "$to"
  fi
  if [ ! -d "$from" ] || [ ! -d "$to" ]; then return 0; fi
  if [ -L "$to" ]; then
    was=$(readlink "$to")
    [ "$was" != "$from" ] || return 0
    rm "$to"; mkdir "$to"
    for f in "$was"/* "$was"/.[!.]*; do ln -s "$f" "$to/${f##*/}"; done
  fi
  for f in "$from"/* "$from"/.[!.]*; do
    base=${f##*/}
    [ "$base" != nix-support ] || continue
    # links to directories inside a package (sbin -> bin) are followed
    [ ! -d "$f" ] || [ ! -L "$f" ] || f=$(readlink -f "$f")
    linkTree "$1/$base" "$f" "$to/$base"
  done
}
