# <nix/fetchurl.nix>: a fixed-output derivation for a download, to be built by
# the store itself ("builtin:fetchurl"). It needs no package, and so it is what
# everything else can be bootstrapped from. Its attributes are part of the
# derivation's path, the ones without effect as well.
{
  url,
  name ? baseNameOf (toString url),
  executable ? false,
  unpack ? false,
  impure ? false,
  system ? "", # has no effect any more

  # The hash: in SRI form, or by algorithm.
  hash ? "",
  md5 ? "",
  sha1 ? "",
  sha256 ? "",
  sha512 ? "",

  outputHash ?
    if hash != "" then hash
    else if sha512 != "" then sha512
    else if sha1 != "" then sha1
    else if md5 != "" then md5
    else sha256,
  outputHashAlgo ?
    if hash != "" then ""
    else if sha512 != "" then "sha512"
    else if sha1 != "" then "sha1"
    else if md5 != "" then "md5"
    else "sha256",
}:

derivation (
  {
    inherit name url executable unpack;
    builder = "builtin:fetchurl";
    system = "builtin";

    # A file that is made executable or unpacked is known by its NAR.
    outputHashMode = if unpack || executable then "recursive" else "flat";

    preferLocalBuild = true;
    impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
    urls = [ url ];
  }
  // (if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; })
)
