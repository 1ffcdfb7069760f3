let a = 1; b = a + c; c = 2; in [ a b c ]
# = [ 1 3 2 ]
---
let
  x = x; ### "infinite recursion encountered"
in
x
---
rec {
  a = b; ### "infinite recursion encountered"
  b = a;
}.a
---
with { a = 1; b = 2; }; with { a = 3; }; [ a b ]
# = [ 3 2 ]
---
let a = 1; in with { a = 2; }; a
# = 1
---
with { };
undefinedName ### "undefined variable 'undefinedName'"
---
undefinedName ### "undefined variable 'undefinedName'"
---
with 1; ### "expected a set but found an integer: 1"
x
---
let inherit (rec { a = 1; b = a + 1; }) a b; in [ a b ]
# = [ 1 2 ]
---
rec { inherit ({ a = 1; }) a; b = a; }
# = { a = 1; b = 1; }
---
let x = 1; in rec { inherit x; y = x; }
# = { x = 1; y = 1; }
---
let f = x: y: z: w: [ x y z w ]; in [ (f 1 2 3 4) (map (f 1 2 3) [ 5 ]) (map (f 1) [ 2 ]) ]
# = [ [ 1 2 3 4 ] [ [ 1 2 3 5 ] ] [ <LAMBDA> ] ]
---
(x: x: x) 1 2
# = 2
---
let deep = a: (b: (c: (d: [ a b c d ]) 4) 3) 2; in deep 1
# = [ 1 2 3 4 ]
