# = true
let
  line = i: "${if i < 10 then "x" else "y"}-${"fixed"}: " + "tail\n";
  all = builtins.foldl' (acc: i: if i < 300 then acc + line i else "${line i}") "" (builtins.genList (i: i) 50000);
in
all == "y-fixed: tail\n"
