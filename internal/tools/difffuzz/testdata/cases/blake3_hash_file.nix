builtins.hashFile "blake3" ./fixture/a.txt
