[ (toString (0.0 * (1.0e308 * 10))) (let n = 0.0 * (1.0e308 * 10); in toString (-n)) (builtins.fromTOML "a=nan\nb=-nan") (builtins.tryEval (builtins.floor (0.0 * (1.0e308 * 10)))) ]
