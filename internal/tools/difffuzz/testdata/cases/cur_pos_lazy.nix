builtins.trace __curPos (let p = __curPos; in builtins.seq p.line (p.line + p.column))
