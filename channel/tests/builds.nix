# Derivations that use the packages and builders: each fails to build when
# something does not work.
#
#   isomorph build channel/tests/builds.nix -A all
{ pkgs ? import ../. { } }:
let
  inherit (pkgs) lib stdenv runCommand runCommandCC writeText;
  # check NAME { inputs } SCRIPT
  check = name: inputs: script: runCommandCC "check-${name}" { nativeBuildInputs = inputs; } ''
    ${script}
    touch $out
  '';

  tests = {
    cxx = check "cxx" [ ] ''
      cat > a.cc << 'EOF'
      #include <iostream>
      #include <thread>
      #include <vector>
      int main() { int n = 0; std::thread t([&] { n = 7; }); t.join(); try { std::vector<int> v; v.at(1); } catch (std::exception &e) { std::cout << n << " caught\n"; } }
      EOF
      g++ -O2 -pthread -o a a.cc
      [ "$(./a)" = "7 caught" ]
      # nothing of the host: loader and libraries come from the store
      readelf -l a | grep -q "interpreter: $NIX_STORE/"
      ! readelf -d a | grep RUNPATH | grep -v "$NIX_STORE/"
      echo 'int main(void) { return 0; }' > s.c
      gcc -static -o s s.c && ./s
    '';
    pkgConfig = runCommandCC "check-pkg-config" { nativeBuildInputs = [ pkgs.pkg-config ]; buildInputs = [ pkgs.zlib pkgs.openssl pkgs.curl ]; } ''
      printf '#include <zlib.h>\n#include <openssl/sha.h>\n#include <curl/curl.h>\n#include <stdio.h>\nint main(void) { printf("%%s %%s\\n", zlibVersion(), curl_version()); unsigned char d[32]; SHA256((void *)"", 0, d); return 0; }\n' > a.c
      gcc a.c -o a $(pkg-config --cflags --libs zlib libcrypto libcurl)
      ./a | tee $out
      patchelf --shrink-rpath a
      ./a
    '';
    cmake = runCommandCC "check-cmake" { nativeBuildInputs = [ pkgs.cmake pkgs.gnumake ]; buildInputs = [ pkgs.zlib ]; } ''
      printf 'cmake_minimum_required(VERSION 3.5)\nproject(p C)\nfind_package(ZLIB REQUIRED)\nadd_executable(p p.c)\ntarget_link_libraries(p ZLIB::ZLIB)\n' > CMakeLists.txt
      printf '#include <zlib.h>\nint main(void) { return zlibVersion()[0] != 49; }\n' > p.c
      cmake -S . -B b > log 2>&1 || { cat log; exit 1; }
      make -C b SHELL=$SHELL
      ./b/p
      touch $out
    '';
    protobuf = check "protobuf" [ pkgs.protobuf (pkgs.python38.withPackages (p: [ p.protobuf ])) ] ''
      printf 'syntax = "proto3"; message M { string s = 1; }\n' > m.proto
      protoc --python_out=. m.proto
      [ "$(python3 -c 'import m_pb2; print(m_pb2.M(s="x").SerializeToString())')" = "b'\n\x01x'" ] || python3 -c 'import m_pb2; assert m_pb2.M(s="x").SerializeToString() == b"\n\x01x"'
    '';
    python = check "python" [ pkgs.python3 ] ''
      python3 -c 'import ssl, sqlite3, zlib, lzma, bz2, ctypes, hashlib, json, curses, readline; print(ssl.OPENSSL_VERSION)'
    '';
    perl = check "perl" [ pkgs.perl ] ''
      perl -MFile::Temp -MData::Dumper -MDigest::SHA -MList::Util=sum -MSocket -e 'print sum(1, 2, 3), "\n"' | grep -qx 6
    '';
    clangTools = check "clang-tools" [ pkgs.clang-tools ] ''
      echo 'int  main( ){return 0 ;}' > a.c
      [ "$(clang-format a.c)" = 'int main() { return 0; }' ]
      clang-tidy --version
    '';
    git = check "git" [ pkgs.git ] ''
      export HOME=$PWD
      git init -q r && cd r
      git config user.email a@example.org; git config user.name a
      echo x > f; git add f; git commit -qm m
      git submodule status; git clone -q . ../c; git log --oneline | grep -q m
    '';
    tools = check "tools" (with pkgs; [ jq file less which rsync tree unzip zip bc gawk bison flex gnum4 xz zstd strace binutils patchelf openssl curl wget vim tmux nano htop gdb ]) ''
      [ "$(echo '{"a":1}' | jq .a)" = 1 ]
      file -L $SHELL | grep -q ELF
      [ "$(which jq)" = ${pkgs.jq}/bin/jq ]
      echo 'int x;' > f; zip -q f.zip f; unzip -qq -o f.zip; rsync f g; tree . > /dev/null
      [ "$(echo 2 ^ 70 | bc)" = 1180591620717411303424 ]
      openssl version; curl --version > /dev/null; wget --version > /dev/null; vim --version > /dev/null; nano --version > /dev/null; gdb --version > /dev/null
      printf '%%%%\nx: ;\n' > p.y; bison p.y; printf '%%%%\n. ;\n' > l.l; flex l.l
    '';
    disks = check "disks" (with pkgs; [ dosfstools e2fsprogs parted gptfdisk squashfsTools xorriso mtools btrfs-progs xfsprogs cryptsetup util-linux kmod pciutils usbutils ]) ''
      truncate -s 64M d
      parted -s d mklabel gpt mkpart a 1MiB 40MiB; sgdisk -p d > /dev/null
      mkfs.ext4 -q -F d; mkfs.fat d > /dev/null; mdir -i d ::; truncate -s 400M x; mkfs.xfs -q x
      mkdir t; echo a > t/a; mksquashfs t t.sq -quiet -no-progress; unsquashfs -l t.sq > /dev/null; xorriso -as mkisofs -quiet -o i t
      lsblk --version; cryptsetup --version; modinfo --version > /dev/null; fdisk --version; btrfs --version
    '';
    autotools = check "autotools" (with pkgs; [ autoconf automake libtool perl gnum4 ]) ''
      printf 'AC_INIT([p],[1])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' > configure.ac
      printf 'bin_PROGRAMS = p\np_SOURCES = p.c\n' > Makefile.am; echo 'int main(void) { return 0; }' > p.c
      autoreconf -i > log 2>&1 || { cat log; exit 1; }
      $SHELL ./configure > log 2>&1 || { cat log config.log; exit 1; }
      make SHELL=$SHELL > /dev/null; ./p
    '';
    phases = stdenv.mkDerivation (final: {
      pname = "phases"; version = "1";
      outputs = [ "out" "doc" ];
      src = writeText "phases.c" "int main(void) { return GREETING; }\n";
      patches = [ (writeText "p.patch" "--- a/phases.c\n+++ b/phases.c\n@@ -1 +1 @@\n-int main(void) { return GREETING; }\n+int main(void) { return 0; }\n") ];
      unpackPhase = "mkdir s; cp $src s/phases.c; sourceRoot=s";
      preBuild = "order=b"; postBuild = "order+=d";
      buildPhase = "runHook preBuild; cc -o phases phases.c; order+=c; runHook postBuild";
      doCheck = true;
      checkPhase = "./phases; [ $order = bcd ]";
      installPhase = "install -D phases $out/bin/phases; mkdir -p $doc; echo doc > $doc/README; printf '#!/usr/bin/env bash\\necho ok\\n' > $out/bin/script; chmod +x $out/bin/script";
      doInstallCheck = true;
      installCheckPhase = "[ $($out/bin/script) = ok ]; head -n1 $out/bin/script | grep -q $NIX_STORE; [ $version = ${final.version} ]";
    });
    failingCommandStopsABuild = runCommand "check-set-e" { } ''
      # a failure in the middle of a phase must not be overrun
      if (set -e; source ${pkgs.writeText "env" "f() { false; echo overrun; }"}; f; true) ; then :; fi
      touch $out
    '';
    wrapper = runCommand "check-wrapper" { nativeBuildInputs = [ pkgs.makeWrapper ]; } ''
      printf '#!%s\necho "$A-$B-$1"\n' $SHELL > p; chmod +x p
      makeWrapper $PWD/p $PWD/w --set A "x y" --prefix B : z --add-flags f
      [ "$(B=q ./w)" = "x y-z:q-f" ]
      wrapProgram $PWD/p --set A 1; [ "$(./p a)" = "1--a" ]
      touch $out
    '';
    builders = runCommand "check-builders"
      {
        joined = pkgs.symlinkJoin { name = "j"; paths = [ pkgs.bash pkgs.gnused ]; postBuild = "touch $out/extra"; };
        env = pkgs.buildEnv { name = "e"; paths = [ pkgs.bash pkgs.gawk pkgs.procps ]; pathsToLink = [ "/bin" ]; };
        farm = pkgs.linkFarm "f" { a = pkgs.bash; "b/c" = pkgs.gnused; };
        app = pkgs.writeShellApplication { name = "app"; runtimeInputs = [ pkgs.gnused ]; text = "echo a | sed s/a/b/"; };
        text = pkgs.writeTextDir "d/t" "some\ntext";
        vars = pkgs.replaceVars (writeText "v" "x=@x@\n") { x = 5; };
        all = pkgs.substituteAll { src = writeText "s" "n=@name@ w=@word@\n"; word = "w"; };
      } ''
      [ -x $joined/bin/bash ] && [ -x $joined/bin/sed ] && [ -e $joined/extra ]
      [ -x $env/bin/awk ] && [ -x $env/bin/ps ] && [ ! -e $env/share ]
      [ -x $farm/a/bin/bash ] && [ -x $farm/b/c/bin/sed ]
      [ "$($app/bin/app)" = b ]
      [ "$(cat $text/d/t)" = "some
      text" ]
      [ "$(cat $vars)" = x=5 ]
      grep -q w=w $all
      touch $out
    '';
    closuresAreSmall = runCommand "check-closures"
      { exportReferencesGraph = [ "hello" pkgs.hello "bash" pkgs.bash "cxx" pkgs.ninja ]; } ''
      ! grep -E 'gcc-unwrapped|bootstrap-tools|-dev$' hello bash cxx
      [ $(grep -c "^$NIX_STORE/" hello) -le 6 ]
      touch $out
    '';
  };
in
tests // { all = pkgs.linkFarm "channel-tests" tests; }
