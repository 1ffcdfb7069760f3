# Sets that are called like functions.
let
  counter = { step = 1; __functor = self: n: n + self.step; };
  compose = { f = x: x + 1; g = { __functor = _: x: x * 2; }; __functor = self: x: self.f (self.g x); };
  limit = x: x - x / 1000003 * 1000003;
in
builtins.foldl' (acc: n: limit (compose (counter acc) + n)) 0 (builtins.genList (n: n) 250000)
