package gen

// Names are the names that programs use, in the order of their bytes. An
// evaluator whose messages depend on the order in which it has seen names can
// be shown these first.
var Names = []string{"a", "b", "bar", "c", "d", "foo", "key", "name", "out", "type", "value", "x", "x'", "y", "z"}

// odd are names that must be written as strings.
var odd = []string{"a b", "", "1a", "a.b", "if", "or", "é", "x-y"}

// name makes the name of an attribute or variable that is an identifier.
func (g *generator) name() string { return pick(g, Names) }

var (
	ints     = []string{"0", "1", "2", "3", "4", "5", "10", "63", "(-1)", "(-2)", "9223372036854775807", "4611686018427387904", "(-9223372036854775807 - 1)", "007"}
	smalls   = []string{"0", "1", "2", "3", "4", "(-1)"}
	floats   = []string{"0.0", "1.5", "(-2.25)", "1.0e10", ".5", "1.0e-7", "123456789.123", "2.0", "1.0e308", "1.", "0.1", "(-0.0)", "3.0e18", "1.0e19", "1.0e-300"}
	plain    = []string{"", "a", "b", "foo", "bar", "a b", "1", "-", "/", "/x/y", "./x", "a/b/", "é", "x", "name", "  lead", "true", "null", "1.5", "'", "#"}
	regexes  = []string{"a", ".*", "(a|b)*", "([a-z]+)([0-9]*)", "[[:space:]]+", "a{2}", "(", "[^/]*/(.*)", "\\\\.", "(a)?b", "()", "^a$", "[]a]", "a|", "x*", "(a)|(b)", "[[:alpha:]_][[:alnum:]_]*", "[a", "*", "a**", "\\\\(", "(.)(.)?"}
	versions = []string{"", "1.2", "1.2.3", "2.0pre1", "2.0", "1.0-rc", "a.b", "1..2", "1.10", "1.9", "hello-1.2.3", "foo-bar-2pre3", "-1", "1.0a", "x-y", "3.a1"}
	jsons    = []string{"1", "null", "[1,2.5,{}]", `{\"a\":{\"b\":[true]}}`, `\"s\\u00e9\\n\"`, "1e3", "-0", "", "[1,]", `{\"a\":1,\"a\":2}`, "12345678901234567890", "1.0", `\"\\ud834\\udd1e\"`, " {} x", "-1.5E+2", "[[[]]]", "tru"}
	tomls    = []string{"a = 1", `a = \"x\"\n[b]\nc = [1, 2]`, "a = 1.5\nb = true", "[[t]]\nx = 1\n[[t]]\nx = 2", "a.b.c = 0x1F", "a = inf", "a = 1\na = 2", "= 1", "", "a = { b = 1, c = 'q' }", `a = \"\"\"\nx\"\"\"`, "a = 1979-05-27", "a = -0.0", "a = 1_000", "a = [1, 'x']"}
	algos    = []string{"sha256", "sha1", "sha512", "md5", "sha256", "blake3", "foo", ""}
	hashes   = []string{"", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73", "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e", "sha256-AAAA", "zz", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"}
	// paths are in the directory of the programs: see the fixture of the fuzzer.
	paths = []string{"./fixture", "./fixture/a.txt", "./fixture/dir", "./fixture/dir/b", "./fixture/one.nix", "./fixture/fn.nix", "./missing", "./fixture/link", "./fixture/.", "./fixture/dir/../a.txt", "/missing/x"}
	// drvNames are names of derivations.
	drvNames = []string{"x", "foo-1.2", "a", "hello", "x.drv", ".x", "a b", "", "_"}
)
