# Version strings.
{ lib }:
rec {
  splitVersion = builtins.splitVersion;
  major = v: builtins.elemAt (splitVersion v) 0;
  minor = v: builtins.elemAt (splitVersion v) 1;
  patch = v: builtins.elemAt (splitVersion v) 2;
  majorMinor = v: lib.concatStringsSep "." (lib.take 2 (splitVersion v));
  pad = n: version:
    let parts = lib.take n (splitVersion version); in
    lib.concatStringsSep "." (parts ++ lib.replicate (n - lib.length parts) "0");
}
