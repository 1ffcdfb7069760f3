builtins.seq { a = throw "lazy"; } 1
# = 1
---
(builtins.tryEval (throw "a")).success
# = false
---
builtins.tryEval (assert false; 1)
# = { success = false; value = false; }
---
let x = throw "once"; in [ (builtins.tryEval x) (builtins.tryEval x) ]
# = [ { success = false; value = false; } { success = false; value = false; } ]
---
builtins.tryEval (
  1 + "a") ### "cannot add a string to an integer"
---
builtins.tryEval (builtins.abort "stop") ### "stop"
---
builtins.tryEval (let x = x; in x) ### "infinite recursion encountered"
---
let x = { a = builtins.tryEval x.b; b = throw "b"; }; in x.a.success
# = false
---
let count = builtins.foldl' (a: x: a + x) 0 (builtins.genList (i: i) 1000); in [ count count ]
# = [ 499500 499500 ]
---
(builtins.foldl' (acc: i: { n = acc.n + 1; }) { n = 0; } (builtins.genList (i: i) 100000)).n
# = 100000
---
let long = builtins.foldl' (tail: i: { inherit tail; }) null (builtins.genList (i: i) 5000); in builtins.deepSeq long 1
# = 1
---
let long = builtins.foldl' (tail: i: { inherit tail; }) null (builtins.genList (i: i) 20000); in builtins.deepSeq long 1 ### "stack overflow; max-call-depth exceeded"
