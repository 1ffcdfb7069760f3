[ 1 (-2) 1.5 0.1 1000000.0 123456789.0 true null "a\n\"\${b}" ./x /a/b ]
# = [ 1 -2 1.5 0.1 1e+06 1.23457e+08 true null "a\n\"\${b}" /dir/x /a/b ]
---
36028797018963968 - 1
# = 36028797018963967
---
9223372036854775807
# = 9223372036854775807
---
[ (9223372036854775807 - 1) (36028797018963967 + 1) (0 - 36028797018963969) ]
# = [ 9223372036854775806 36028797018963968 -36028797018963969 ]
---
9223372036854775807
  + 1 ### "integer overflow in adding 9223372036854775807 \\+ 1"
---
1 + 2.5
# = 3.5
---
1
+ "x" ### "cannot add a string to an integer"
---
1.5
+ null ### "cannot add null to a float"
---
let a = [ 1 ]; in [ a a ]
# = [ [ 1 ] «repeated» ]
---
let a = { x = { }; }; in [ a a a.x ]
# = [ { x = { }; } «repeated» { } ]
---
{ "a b" = 1; "if" = 2; c' = 3; _ = 4; }
# = { _ = 4; "a b" = 1; c' = 3; "if" = 2; }
---
[ (x: x) (a: b: a) ((a: b: a) 1) builtins.map (map (x: x)) ]
# = [ <LAMBDA> <LAMBDA> <LAMBDA> <PRIMOP> <PRIMOP-APP> ]
---
"${"a"}b${"c" + "d"}"
# = "abcd"
---
"
  ${1}" ### "cannot coerce an integer to a string: 1"
---
[ "${{ outPath = "o"; }}" "${{ __toString = self: self.x + "!"; x = "s"; }}" "${{ outPath = { outPath = "deep"; }; }}" ]
# = [ "o" "s!" "deep" ]
---
"${{ a = 1 + 1; }}" ### "cannot coerce a set to a string: \\{ a = «thunk»; \\}"
---
/a/b + "/../c"
# = /a/c
---
/a + /b
# = /a/b
---
[ 1 ] ++ [ ] ++ [ 2 3 ]
# = [ 1 2 3 ]
---
[ ] ++ 1 ### "expected a list but found an integer: 1"
