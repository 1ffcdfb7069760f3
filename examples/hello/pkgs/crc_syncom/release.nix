# Plays the vendor: an archive with a program linked for an ordinary Linux
# distribution, its loader in /lib64 and its libraries in no particular place.
# In a recipe of yours this is a `fetchurl`.
{ stdenv, zlib, patchelf }:

stdenv.mkDerivation {
  name = "crc_syncom-2.0-linux-x86_64.tar.gz";
  src = ./src;
  buildInputs = [ zlib ];
  nativeBuildInputs = [ patchelf ];
  buildPhase = ''
    $CC -O2 -o crc_syncom crc_syncom.c -lz
    patchelf --set-interpreter /lib64/ld-linux-x86-64.so.2 --set-rpath /usr/lib crc_syncom
  '';
  installPhase = ''
    mkdir -p release/bin
    cp crc_syncom release/bin/
    tar -cf - --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner -C release bin | gzip -n9 > $out
  '';
  dontFixup = true;
}
