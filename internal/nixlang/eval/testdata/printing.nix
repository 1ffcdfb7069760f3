1 { a = 1; b = { c = [ 1 2 ]; }; } ### "not a function but an integer: 1"
---
{ a = x: x; } 1 ### "but a set: \\{ a = «thunk»; \\}"
---
[ 1 2 3 4 5 6 7 8 9 10 11 12 ] 1 ### "a list: \\[ 1 2 3 4 5 6 7 8 9 10 «2 items elided» \\]"
---
{ a = 1; b = 2; c = 3; d = 4; e = 5; f = 6; g = 7; h = 8; i = 9; j = 10; type = "t"; } 1 ### "set: \\{ type = \"t\"; a = 1; .*i = 9; «1 attribute elided» \\}"
---
"text" 1 ### "but a string: \"text\"$"
---
(map (x: x)) 1 ### "expected a list but found an integer: 1"
---
let s = { inherit s; }; in builtins.seq s s.s 1 ### "but a set: \\{ s = «repeated»; \\}"
