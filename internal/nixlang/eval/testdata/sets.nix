{ a.b.c = 1; a.b.d = 2; a.e = 3; }
# = { a = { b = { c = 1; d = 2; }; e = 3; }; }
---
{ a.b = 1; }.a.c or "default"
# = "default"
---
(1).a or 2
# = 2
---
{ a = { b = 1; }; }.a.c ### "attribute 'c' missing"
---
{ abc = 1; }.abd ### "attribute 'abd' missing"
---
{ a = 1; } ? a.b
# = false
---
{ a.b = 1; } ? a.b
# = true
---
1 ? a
# = false
---
{ ${"a"} = 1; ${null} = 2; "b${"c"}" = 3; }
# = { a = 1; bc = 3; }
---
{ a = 1;
  ${"a" + "" } = 2; } ### "dynamic attribute 'a' already defined at «string»:1:3"
---
{
  ${1} = 2; } ### "expected a string but found an integer: 1"
---
let n = "x"; in { x = 5; }.${n}
# = 5
---
rec { __overrides = { a = 2; d = 4; }; a = 1; b = a; c = { inherit a; }; }
# = { __overrides = { a = 2; d = 4; }; a = 2; b = 2; c = { a = 2; }; d = 4; }
---
{ a = 1; b = 1; } // { b = 2; c = 2; } // { c = 3; }
# = { a = 1; b = 2; c = 3; }
---
let a = 1; in { } //
a ### "expected a set but found an integer: 1"
---
builtins.attrNames { z = 1; a = 2; "10" = 3; "9" = 4; Z = 5; }
# = [ "10" "9" "Z" "a" "z" ]
---
rec { a = 1; ${"b"} = a; }
# = { a = 1; b = 1; }
---
let s = { a = 1; b = s; }; in s.b.b.b.a
# = 1
