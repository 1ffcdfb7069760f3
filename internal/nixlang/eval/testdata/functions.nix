let f = { a, b ? a + 1, ... }@all: [ a b (all.c or 0) ]; in [ (f { a = 1; }) (f { a = 1; b = 5; c = 7; }) ]
# = [ [ 1 2 0 ] [ 1 5 7 ] ]
---
let
  f = { a, b }: a; ### "function 'f' called without required argument 'b'"
in
f { a = 1; }
---
(
  { abc }: abc ### "function 'anonymous lambda' called with unexpected argument 'abd'"
) { abc = 1; abd = 2; }
---
(
  { a }: a ### "expected a set but found an integer: 1"
) 1
---
1 2 ### "attempt to call something which is not a function but an integer: 1"
---
{ __functor = self: x: self.y + x; y = 1; } 2
# = 3
---
let f = { __functor = self: x: { __functor = self: y: x + y; }; }; in f 1 2
# = 3
---
let f = { __functor = self: self; }; in f 1 ### "stack overflow; max-call-depth exceeded"
---
let f = x: f (x + 1); in f 0 ### "stack overflow; max-call-depth exceeded"
---
let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 4000
# = 4000
---
let args = { a = 1; }; g = { a, ... }@self: self; in g (args // { z = 2; })
# = { a = 1; z = 2; }
