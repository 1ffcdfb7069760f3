# The packages of the channel: [ { attribute, version, description } ].
# An attribute that fails to evaluate, or is no derivation, is left out.
dir:
let
  pkgs = import (/. + dir) { };
  attempt = value: builtins.tryEval value;
  text = value: if builtins.isString value then value else "";
  describe = attribute:
    let
      value = attempt pkgs.${attribute};
      kind = attempt (builtins.isAttrs value.value && value.value.type or "" == "derivation");
      field = get: let r = attempt (text (get value.value)); in if r.success then r.value else "";
    in
    if !value.success || !kind.success || !kind.value then [ ] else [
      {
        inherit attribute;
        version = field (p: p.version or (builtins.parseDrvName p.name).version);
        description = field (p: p.meta.description or "");
      }
    ];
in
builtins.concatLists (map describe (builtins.attrNames pkgs))
