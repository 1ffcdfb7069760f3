# For the seed's shell (busybox ash).

# unpack DIR DEB...: the files of the debs, usr/ merged into the top and, when
# DIR/lib/x86_64-linux-gnu is a link to ".", the multiarch directory merged
# into lib/. Both merges are done by links that stand there before.
unpack() {
  dir=$1; shift
  for deb; do ar p "$deb" data.tar.xz | xz -dc | tar x -C "$dir" -f -; done
}

# startPatchelf: unpacks patchelf and leaves the command to run it in $patchelf,
# given the directory of a working C library.
startPatchelf() {
  mkdir pe; ln -s . pe/usr
  unpack pe $patchelfDebs
  patchelf="$1/ld-linux-x86-64.so.2 --library-path $1:$PWD/pe/lib/x86_64-linux-gnu $PWD/pe/bin/patchelf"
}

# pruneDocs DIR: of the documentation only the licences stay.
pruneDocs() {
  rm -rf $1/share/man $1/share/info $1/share/locale $1/share/lintian $1/share/bug $1/share/doc-base $1/share/gdb
  [ -d $1/share/doc ] || return 0
  find $1/share/doc ! -type d ! -name copyright -exec rm {} +
  find $1/share/doc -depth -type d -exec rmdir {} + 2>/dev/null || true
}

