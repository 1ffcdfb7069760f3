# A package from a prebuilt program: autoPatchelfHook gives it the loader of
# the store and finds its libraries among the inputs.
{ lib, stdenv, zlib, autoPatchelfHook, crc_syncom_release }:

stdenv.mkDerivation {
  name = "crc_syncom-2.0";
  src = crc_syncom_release;
  sourceRoot = ".";

  nativeBuildInputs = [ autoPatchelfHook ];
  buildInputs = [ zlib ];

  dontConfigure = true;
  dontBuild = true;
  installPhase = ''
    install -D -m 755 bin/crc_syncom $out/bin/crc_syncom
  '';

  meta = with lib; {
    description = "CRC-32 of its arguments";
    platforms = platforms.linux;
    maintainers = with maintainers; [ syncom ];
  };
}
