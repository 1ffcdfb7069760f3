# From a static busybox and pinned .debs to a toolchain.
#
#   seed     busybox, unpacked by isomorph from its .deb when it materialises
#            the channel: the only thing here that no derivation makes
#   glibc    out: the C library and its loader; dev: headers, start files and a
#            sysroot for the compiler
#   gccLib   libgcc_s, libstdc++, libgomp, libatomic: what compiled programs need
#   tools    shell, coreutils, make, binutils, patchelf ...: only used to build
#   gcc      the compiler proper; the wrapper in ../stdenv makes it usable
#
# Each tree is "several .debs merged into one store path". Debian's programs
# expect their loader and libraries in /lib; patchelf points them into the
# store instead.
let
  pins = import ./pins.nix;
  system = "x86_64-linux";

  seed = builtins.path {
    name = "busybox-seed";
    path = ../seed;
    recursive = true;
    sha256 = "0df8d7f9n8lifnmpd8w82mic3xh942kybx95j4f5x8xbgpndcn4v";
  };

  # A derivation run by the seed's shell. Debian's busybox runs its applets
  # from the shell itself, so PATH needs no links.
  seedRun = attrs: script: derivation ({
    inherit system;
    builder = "${seed}/bin/sh";
    args = [ "-euc" (builtins.readFile ./unpack.sh + script) ];
    PATH = "${seed}/bin";
  } // attrs);

  # patchelf cannot run yet: its loader is where Debian put it. It is started
  # through the loader by hand.
  patchelfDebs = map pins.deb [ "patchelf" "libstdc++6" "libgcc-s1" ];

  glibc = seedRun
    {
      name = "glibc-${pins.upstreamVersion "libc6"}";
      outputs = [ "out" "dev" ];
      debs = map pins.deb [ "libc6" "libcrypt1" "libgcc-s1" ];
      devDebs = map pins.deb [ "libc6-dev" "linux-libc-dev" "libcrypt-dev" ];
      inherit patchelfDebs;
    }
    (builtins.readFile ./glibc.sh);

  tools = seedRun
    {
      name = "bootstrap-tools";
      debs = map pins.deb [
        "bash" "coreutils" "sed" "grep" "gawk" "tar" "gzip" "bzip2" "xz-utils" "patch" "diffutils" "findutils" "make" "patchelf" "file"
        "binutils" "binutils-x86-64-linux-gnu" "binutils-common" "libbinutils" "libctf0" "libctf-nobfd0" "libjansson4"
        "libacl1" "libattr1" "libbz2-1.0" "libgcc-s1" "libgmp10" "liblzma5" "libmagic-mgc" "libmagic1" "libmpfr6" "libpcre2-8-0"
        "libreadline8" "libselinux1" "libsigsegv2" "libstdc++6" "libtinfo6" "libzstd1" "zlib1g"
      ];
      inherit patchelfDebs;
      inherit glibc;
    }
    (builtins.readFile ./tools.sh);

  # A derivation run by the tools' bash, with the ELF helpers at hand.
  run = attrs: script: derivation ({
    inherit system;
    builder = "${tools}/bin/bash";
    args = [ "-euo" "pipefail" "-c" (builtins.readFile ./elf.sh + script) ];
    PATH = "${tools}/bin";
    interpreter = "${glibc}/lib/ld-linux-x86-64.so.2";
    libc = "${glibc}/lib";
    LC_ALL = "C";
  } // attrs);

  # mergedDebs { name, debs, ... } script: debs unpacked as they are (usr/
  # merged into the top, libraries left in lib/x86_64-linux-gnu), every ELF
  # file relocated. `script` runs in $out before that and may delete things.
  mergedDebs = { name, debs, libs ? [ ] }: script: run
    {
      inherit name;
      debs = map pins.deb debs;
      libs = map (l: "${l}/lib") libs;
    }
    (''
      mkdir $out; ln -s . $out/usr; ln -s lib $out/lib64; mkdir $out/lib
      for d in $debs; do unpackDeb $d $out; done
      cd $out
      ${script}
      pruneDocs $out
      fixLinks $out
      relocateElf "$libs" $out
    '');

  gccLib = mergedDebs
    { name = "gcc-${pins.upstreamVersion "gcc-12"}-lib"; debs = [ "libgcc-s1" "libstdc++6" "libatomic1" "libgomp1" "libquadmath0" ]; } ''
    mv lib/x86_64-linux-gnu/* lib/; rmdir lib/x86_64-linux-gnu; ln -s . lib/x86_64-linux-gnu
    rm -rf share/gdb share/gcc lib64 usr
  '';

  # Sanitizer runtimes and the LTO dump tool are left out: 60 MB nobody uses
  # to build a live image.
  gcc = mergedDebs
    {
      name = "gcc-unwrapped-${pins.upstreamVersion "gcc-12"}";
      debs = [ "gcc-12" "g++-12" "cpp-12" "libgcc-12-dev" "libstdc++-12-dev" "libcc1-0" "libisl23" "libmpc3" "libmpfr6" "libgmp10" "zlib1g" "libzstd1" ];
      libs = [ gccLib ];
    } ''
    rm -f bin/*lto-dump* lib/gcc/x86_64-linux-gnu/12/lib*san*
    for t in gcc g++ cpp gcc-ar gcc-nm gcc-ranlib gcov; do ln -s $t-12 bin/$t; done
    # the development links of the runtime libraries live in gccLib
    for f in ${gccLib}/lib/*.so.*; do ln -sf $f lib/x86_64-linux-gnu/; done
  '';
in
{
  inherit pins system seed glibc gccLib tools gcc run mergedDebs;
}
