(builtins.unsafeGetAttrPos "type" (derivation { name = "a"; system = "s"; builder = "b"; })).file
