# builtins.sort of numbers, records and strings, with comparisons written in Nix.
let
  # a fixed pseudo-random sequence
  numbers = builtins.genList (n: let x = n * 7919 + 104729; in x * x - (x * x / 1000003) * 1000003) 150000;
  records = map (k: { key = k; name = "n${toString k}"; }) (builtins.genList (builtins.elemAt numbers) 60000);
  strings = map (r: r.name) records;
  at = l: n: builtins.elemAt l n;
  byNumber = builtins.sort (a: b: a < b) numbers;
  byKey = builtins.sort (a: b: a.key < b.key) records;
  byName = builtins.sort builtins.lessThan strings;
in
[ (at byNumber 0) (at byNumber 149999) (at byKey 30000).name (at byName 0) (at byName 59999) ]
