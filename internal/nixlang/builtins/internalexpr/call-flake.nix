# The value of a flake whose inputs are all known. For each node of its lock
# file, by key, nodes has what the engine knows of it: sourceInfo, outPath,
# whether it is a flake, and for each input the key of the node that this is.
nodes: root:

let
  values = builtins.mapAttrs (_: node: if node.flake then asFlake node else asSource node) nodes;

  asSource = node: node.sourceInfo // { inherit (node) sourceInfo outPath; };

  asFlake =
    { sourceInfo, outPath, ... }@node:
    let
      flake = import (outPath + "/flake.nix");
      inputs = builtins.mapAttrs (_: key: values.${key}) node.inputs;
      outputs = flake.outputs (inputs // { inherit self; });
      self = outputs // sourceInfo // {
        inherit inputs outPath outputs sourceInfo;
        _type = "flake";
      };
    in
    assert builtins.isFunction flake.outputs;
    self;
in
values.${root}
