# genericClosure of a graph, with numbers and with strings as keys.
let
  limit = n: n - n / 20011 * 20011;
  numbers = builtins.genericClosure {
    startSet = [ { key = 1; } ];
    operator = i: [ { key = limit (i.key * 3 + 1); } { key = limit (i.key * 5 + 2); } ];
  };
  strings = builtins.genericClosure {
    startSet = [ { key = "n1"; n = 1; } ];
    operator = i: map (n: { key = "n${toString n}"; inherit n; }) [ (limit (i.n * 3 + 1)) (limit (i.n * 7 + 5)) ];
  };
in
[ (builtins.length numbers) (builtins.length strings) ]
