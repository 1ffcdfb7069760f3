# Shared by the derivations that make squashfs files.

# squash IMAGE OPTIONS FILES...: a reproducible squashfs of FILES. mksquashfs refuses
# SOURCE_DATE_EPOCH together with -all-time, which it needs for files.
squash() {
  local image=$1 options=$2; shift 2
  env -u SOURCE_DATE_EPOCH mksquashfs "$@" $image $options -b 1M -noappend -no-xattrs -no-exports -no-progress -quiet \
    -all-time $SOURCE_DATE_EPOCH -mkfs-time $SOURCE_DATE_EPOCH -processors ${NIX_BUILD_CORES/#0/1}
}

# pseudoFile ROOT SPECIAL: definitions that give every inode below ROOT its
# mode and owner; SPECIAL has lines "path<TAB>mode<TAB>uid gid" of those that
# are not plain root's. (-all-root would override the owners given here.)
pseudoFile() {
  (cd $1; find . -mindepth 1 \( -type f -o -type d -o -type l \) -printf '%y\t%m\t%P\n') | LC_ALL=C sort -t "	" -k3 | gawk -F '\t' -v special=$2 '
    BEGIN { while ((getline line < special) > 0) { split(line, a, "\t"); mode[a[1]] = a[2]; owner[a[1]] = a[3] } }
    {
      name = $3; m = $2; o = "0 0"
      if ($1 == "l") m = "777"
      else if (name in mode) { m = mode[name]; o = owner[name] }
      gsub(/[ \\"]/, "\\\\&", name)
      print "/" name " m " m " " o
    }'
}
