"${./fixture/a.txt/b}"
