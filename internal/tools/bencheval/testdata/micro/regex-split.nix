# builtins.split of long texts by classes and alternatives.
let
  text = builtins.concatStringsSep "\n" (builtins.genList (n: "  key${toString n} =\tvalue ${toString (n * 3)} ; # note ${toString n}") 6000);
  words = builtins.filter (w: builtins.isString w && w != "") (builtins.split "[ \t\n;]+" text);
  numbers = builtins.filter builtins.isList (builtins.split "([0-9]+)" text);
in
[ (builtins.length words) (builtins.length numbers) (builtins.elemAt words 1000) ]
