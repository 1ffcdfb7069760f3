let p = __curPos; in builtins.seq p.line (1 * p)
