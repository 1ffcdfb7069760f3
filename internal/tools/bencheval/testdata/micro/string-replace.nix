# replaceStrings with one and with many patterns.
let
  text = builtins.concatStringsSep "\n" (builtins.genList (n: "line ${toString n} <b>\"quoted\" & 'single'</b> $HOME/bin") 15000);
  xml = builtins.replaceStrings [ "&" "<" ">" "\"" "'" ] [ "&amp;" "&lt;" "&gt;" "&quot;" "&apos;" ] text;
  path = builtins.replaceStrings [ "$HOME" ] [ "/home/user" ] xml;
in
[ (builtins.stringLength path) (builtins.hashString "sha256" path) ]
