# The compiler as packages call it: finds libc through a sysroot, its own
# parts by their place in the store, the inputs' headers and libraries through
# the variables that ../setup.sh fills, and writes RUNPATHs, so that programs
# find their libraries in the store.
{ lib, bootstrap, bash }:
let
  inherit (bootstrap) gcc gccLib glibc tools;
in
bootstrap.run
  {
    name = "gcc-wrapper-${bootstrap.pins.upstreamVersion "gcc-12"}";
    inherit gcc gccLib glibc tools bash;
    sysroot = glibc.dev;
    wrapper = ./cc-wrapper.sh;
  }
  ''
    mkdir -p $out/bin $out/nix-support
    sub() { sed -e "s,@bash@,$bash,g; s,@gcc@,$gcc,g; s,@gccLib@,$gccLib,g; s,@glibc@,$glibc,g; s,@tools@,$tools,g; s,@sysroot@,$sysroot,g; s,@program@,$1,g; s,@cxx@,''${2:-},g" $wrapper > $out/bin/$3; chmod 755 $out/bin/$3; }
    for n in gcc cc c99 x86_64-linux-gnu-gcc; do sub gcc-12 "" $n; done
    for n in g++ c++ x86_64-linux-gnu-g++; do sub g++-12 1 $n; done
    sub cpp-12 "" cpp
    for t in ar as ld ld.bfd ld.gold nm ranlib strip objcopy objdump readelf size strings addr2line c++filt; do [ ! -e $tools/bin/$t ] || ln -s $tools/bin/$t $out/bin/$t; done
    for t in gcc-ar gcc-nm gcc-ranlib gcov; do ln -s $gcc/bin/$t $out/bin/$t; done
  ''
