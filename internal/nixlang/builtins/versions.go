package builtins

import (
	"strconv"
	"strings"

	"isomorph/internal/nixlang/eval"
)

// versionPrims are the builtins for names and versions of packages.
func (l *Library) versionPrims() []*eval.PrimOp {
	return []*eval.PrimOp{
		prim("__parseDrvName", "s", "Split the name of a package into its `name` and its `version`.", l.primParseDrvName),
		prim("__compareVersions", "s1 s2", "Compare two versions: -1 if *s1* is older than *s2*, 1 if it is newer, else 0.", primCompareVersions),
		prim("__splitVersion", "s", "Split a version into the parts that `compareVersions` compares.", primSplitVersion),
	}
}

func (l *Library) primParseDrvName(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	name, version := ParseDrvName(c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.parseDrvName"))
	return l.drvName.Make(c, eval.String(name), eval.String(version))
}

// ParseDrvName splits a package name at the first dash that no letter follows
// (DrvName in libstore/names.cc).
func ParseDrvName(s string) (name, version string) {
	for i := range len(s) {
		if s[i] == '-' && i+1 < len(s) && !isLetter(s[i+1]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

func primCompareVersions(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	a := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.compareVersions")
	b := c.ForceStringNoCtx(0, args[1], "while evaluating the second argument passed to builtins.compareVersions")
	return eval.Int(int64(CompareVersions(a, b)))
}

// CompareVersions orders two versions: -1, 0 or 1 (compareVersions in
// libstore/names.cc).
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = nextComponent(a)
		y, b = nextComponent(b)
		switch {
		case componentLess(x, y):
			return -1
		case componentLess(y, x):
			return 1
		}
	}
	return 0
}

// nextComponent cuts the first part off a version: digits, or other characters,
// up to a dot, a dash or a change between digits and others.
func nextComponent(s string) (part, rest string) {
	s = strings.TrimLeft(s, ".-")
	if s == "" {
		return "", ""
	}
	n := 1
	for digits := isDigit(s[0]); n < len(s) && isDigit(s[n]) == digits && s[n] != '.' && s[n] != '-'; n++ {
	}
	return s[:n], s[n:]
}

// componentLess orders parts: numbers by value and above all else, "pre" below
// all, the end of a version between "pre" and the rest.
func componentLess(a, b string) bool {
	m, aNumber := versionNumber(a)
	n, bNumber := versionNumber(b)
	switch {
	case aNumber && bNumber:
		return m < n
	case a == "" && bNumber:
		return true
	case a == "pre" && b != "pre":
		return true
	case b == "pre":
		return false
	case bNumber:
		return true
	case aNumber:
		return false
	}
	return a < b
}

// versionNumber reads a part as a C int. A number that does not fit counts as
// text, as in Nix.
func versionNumber(s string) (int64, bool) {
	if s == "" || !isDigit(s[0]) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return n, err == nil
}

func primSplitVersion(c *eval.Ctx, _ eval.Pos, args []eval.Value) eval.Value {
	s := c.ForceStringNoCtx(0, args[0], "while evaluating the first argument passed to builtins.splitVersion")
	var r []eval.Value
	for {
		part, rest := nextComponent(s)
		if part == "" {
			return eval.List(r)
		}
		r, s = append(r, eval.String(part)), rest
	}
}
