# Puts the channel's expressions on the image, at /etc/isomorph/channel, so
# that the recipe's `<nixpkgs>` can be looked up there.
{ lib, ... }:
let
  # The directory with what a materialised channel holds, and nothing else, so
  # that the path is the same wherever it was read from.
  channel = builtins.path {
    name = "isomorph-channel";
    path = ../../../..;
    filter = path: type:
      let base = baseNameOf path; in
      !(lib.hasSuffix ".go" base || base == ".gitignore" || base == "tests" || lib.hasPrefix "result" base);
  };
in
{
  live.files."etc/isomorph/channel".link = "${channel}";
}
