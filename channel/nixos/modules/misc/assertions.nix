# Conditions a configuration must meet, and remarks on it.
{ lib, ... }:
{
  options.assertions = lib.mkOption {
    type = lib.types.listOf lib.types.unspecified;
    default = [ ];
    internal = true;
    example = [{ assertion = false; message = "you can't enable this for that reason"; }];
    description = "Sets of `assertion` and `message`; a false one stops the build with its message.";
  };
  options.warnings = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    default = [ ];
    internal = true;
    description = "Texts shown when something is built.";
  };
  options.meta = lib.mkOption {
    type = lib.types.attrsOf lib.types.raw;
    default = { };
    internal = true;
    description = "What a module says about itself (maintainers, doc). Not looked at.";
  };
}
