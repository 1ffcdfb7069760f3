mkdir -p $out/lib; ln -s . $out/usr; ln -s lib $out/lib64; ln -s . $out/lib/x86_64-linux-gnu
unpack $out $debs
cd $out
rm -rf etc var bin/gp-* bin/*gprofng* lib/gprofng share/awk/* share/bash-completion
pruneDocs $out
ln -s bash bin/sh
ln -sf gawk bin/awk
ln -sf ../share/misc/magic.mgc share/magic.mgc
[ -e share/misc/magic.mgc ] || ln -sf ../../lib/file/magic.mgc share/misc/magic.mgc

# Everything in bin/ that is ELF is a program, everything in lib/ a library.
isElf() { [ "$(dd if=$1 bs=1 skip=1 count=3 2>/dev/null)" = ELF ]; }
cd $TMPDIR
startPatchelf $glibc/lib
chmod -R u+w $out
elfs() { for f in $(find $1 -type f "$2" "$3"); do ! isElf $f || echo $f; done; }
rpath=$glibc/lib:$out/lib
elfs $out/bin -perm -0100 | xargs $patchelf --set-interpreter $glibc/lib/ld-linux-x86-64.so.2 --set-rpath $rpath
elfs $out/lib -name '*.so*' | xargs $patchelf --set-rpath $rpath
for f in $(grep -lE '^#! ?/(usr/)?bin/(sh|bash)' $out/bin/* 2>/dev/null); do
  [ -L $f ] || sed -i "1s,^#! */\(usr/\)\?bin/\(ba\)\?sh,#!$out/bin/bash," $f
done
$out/bin/bash -c "$out/bin/make --version >/dev/null && $out/bin/patchelf --version && $out/bin/readelf --version | $out/bin/head -n 1"
