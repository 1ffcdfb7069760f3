# The options of the channel's module system: [ { name, type, default,
# description } ], without those that are internal or hidden.
dir:
let
  root = /. + dir;
  lib = import (root + "/lib");
  # With the modules that an image imports by itself.
  image = root + "/nixos/modules/installer/cd-dvd/installation-cd-minimal.nix";
  system = import (root + "/nixos") { configuration = { imports = [ image ]; }; };
  # Texts may be marked: { _type = "mdDoc"; text = ...; }.
  text = value:
    if builtins.isString value then value
    else if builtins.isAttrs value && value ? text then value.text
    else lib.generators.toPretty { } value;
  # A default can be an expression that fails outside a real configuration.
  attempt = value: let r = builtins.tryEval (builtins.deepSeq value value); in if r.success then r.value else "";
  describe = option: {
    inherit (option) name;
    type = option.type or "";
    default = if option ? default then attempt (text option.default) else "";
    description = attempt (text (option.description or ""));
  };
  shown = option: (option.visible or true) != false && !(option.internal or false);
in
map describe (builtins.filter shown (lib.optionAttrSetToDocList system.options))
