"${./fixture/link + "/x"}"
