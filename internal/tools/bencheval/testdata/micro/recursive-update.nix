# Deep merging of nested sets, as package sets and configurations do it.
let
  merge = a: b: builtins.mapAttrs (n: v:
    if a ? ${n} && builtins.isAttrs v && builtins.isAttrs a.${n} then merge a.${n} v else v) b
    // removeAttrs a (builtins.attrNames b);
  layer = i: {
    boot = { loader = { grub = { enable = true; version = i; }; timeout = i; }; kernel = { "k${toString i}" = i; }; };
    services = { "s${toString i}" = { enable = true; port = i; }; ssh = { enable = i > 3; ports = [ i ]; }; };
    users."u${toString (i - i / 50 * 50)}" = { uid = i; groups = { "g${toString i}" = true; }; };
  };
  all = builtins.foldl' (acc: i: let m = merge acc (layer i); in builtins.seq (builtins.deepSeq m.users m.boot.loader.timeout) m) { } (builtins.genList (i: i) 350);
in
[ all.boot.loader.grub.version (builtins.length (builtins.attrNames all.services)) (builtins.length (builtins.attrNames all.users.u7.groups)) ]
