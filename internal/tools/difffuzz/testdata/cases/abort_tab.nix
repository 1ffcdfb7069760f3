abort "\t"
