# A small live image: the base system, and what the recipe adds.
{ lib, ... }:
{
  imports = [ ./installation-cd-base.nix ];
}
