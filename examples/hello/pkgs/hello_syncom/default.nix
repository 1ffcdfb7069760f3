{ lib, stdenv }:

stdenv.mkDerivation {
  pname = "hello_syncom";
  version = "1.0";

  src = ./src;

  # `make install` of the Makefile in src honours PREFIX.
  makeFlags = [ "PREFIX=$(out)" ];

  doInstallCheck = true;
  installCheckPhase = ''
    $out/bin/hello_syncom | grep -q "hello syncom"
  '';

  meta = with lib; {
    description = "Greets whoever boots the image";
    license = licenses.asl20;
    platforms = platforms.linux;
    maintainers = with maintainers; [ syncom ];
  };
}
