# GNU hello, compiled here: the smallest real package.
{ lib, stdenv, source }:
stdenv.mkDerivation {
  pname = "hello";
  version = "2.10";
  src = source "hello";
  doCheck = true;
  meta = {
    description = "Prints a greeting";
    homepage = "https://www.gnu.org/software/hello/";
    license = lib.licenses.gpl3Plus;
    mainProgram = "hello";
    platforms = lib.platforms.linux;
  };
}
