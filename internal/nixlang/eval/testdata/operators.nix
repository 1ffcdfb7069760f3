[ (1 == 1.0) ("a" == "a") (null == null) ([ 1 ] == [ 1.0 ]) ({ a = 1; } == { a = 1; }) ({ a = 1; } == { b = 1; }) (1 == "1") ]
# = [ true true true true true false false ]
---
let f = x: x; s = { inherit f; }; in [ (f == f) ([ f ] == [ f ]) ({ a = f; } == { a = f; }) ([ s.f ] == [ s.f ]) (s == s) ]
# = [ false true true false true ]
---
let d = p: { type = "derivation"; outPath = p; x = throw "not looked at"; }; in [ (d "a" == d "a") (d "a" == d "b") ]
# = [ true false ]
---
[ (1 < 2) (2 <= 1) (1 > 0) (1 >= 1) (1 != 2) ]
# = [ true false true true true ]
---
[ (true && false) (false && throw "no") (true || throw "no") (false -> throw "no") (!true) ]
# = [ false false true true false ]
---
[ (1 - 2 * 3 - 4) (7 - (3 - 1)) ]
# = [ -9 5 ]
---
if { } == { } then "same" else "not"
# = "same"
---
true && (
null) ### "expected a Boolean but found null: null"
---
assert true; 1
# = 1
---
assert false; 1 ### "assertion 'false' failed"
---
assert { a = [ 1 2 ]; } == { a = [ 1 3 ]; }; 1 ### "an integer with value '2' is not equal to an integer with value '3'"
---
assert [ 1 ] == [ 1 2 ]; 1 ### "list of size '1' is not equal to list of size '2', left hand side is '\\[ 1 \\]'"
---
assert "a" == 1; 1 ### "a string of value '\"a\"' is not equal to an integer of value '1'"
---
assert (x: x) == (x: x); 1 ### "distinct functions and immediate comparisons"
