#!@bash@/bin/bash
# Start of every compiler call; see cc-wrapper.nix.
link=1
for a in "$@"; do
  case $a in -c|-S|-E|-M|-MM|-fsyntax-only) link=;; esac
done
extra=(--sysroot=@sysroot@ -B@tools@/bin)
# Nothing of the build's place or of chance goes into the objects.
[ -z "${NIX_BUILD_TOP:-}" ] || extra+=("-ffile-prefix-map=$NIX_BUILD_TOP=.")
extra+=("-frandom-seed=${out:-isomorph}")
for d in ${NIX_CFLAGS_DIRS:-}; do extra+=(-isystem "$d"); done
if [ -n "$link" ]; then
  extra+=(-Wl,--dynamic-linker=@glibc@/lib/ld-linux-x86-64.so.2 -Wl,--enable-new-dtags -Wl,--build-id=none -Wl,-rpath,@glibc@/lib)
  # ld would look for what libraries themselves need below the sysroot.
  extra+=(-Wl,--allow-shlib-undefined)
  for d in ${NIX_LDFLAGS_DIRS:-}; do extra+=("-L$d" -Wl,-rpath,"$d"); done
  extra+=(-L@gccLib@/lib -Wl,-rpath,@gccLib@/lib)
  # Libraries a package asked for without naming their directory
  for f in ${NIX_LDFLAGS:-}; do extra+=("-Wl,$f"); done
fi
exec @gcc@/bin/@program@ "$@" "${extra[@]}" ${NIX_CFLAGS_COMPILE:-}
