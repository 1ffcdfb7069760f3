package builtins_test

import (
	"strings"
	"testing"
)

// TestLayeredSets: whether the union of a big and a small set has been copied
// is nothing that a program can find out, nor an error message.
func TestLayeredSets(t *testing.T) {
	const big = `let
  big = builtins.listToAttrs (builtins.genList (i: { name = "n${toString i}"; value = i; }) 50);
  pile = big // { a = 1; n3 = "x"; f = y: y; s = { b = 2; }; };
  flat = removeAttrs (pile // { zz = 0; }) [ "zz" ];
  s = `
	for _, expr := range []string{
		`s`, `s.a`, `s.n3`, `s.n4`, `s.s.b`, `s.missing`, `s.n3x`, `s.s.missing`, `s.missing or 7`, `s.s.b or 7`, `s.${"n" + "7"}`,
		`s ? a`, `s ? n4`, `s ? missing`, `s ? s.b`, `s ? s.c`, `s ? n4.x`,
		`with s; [ a n3 n4 ]`, `with s; missing`, `with s; with { a = 5; }; a`,
		`builtins.attrNames s`, `builtins.length (builtins.attrValues (removeAttrs s [ "f" ]))`, `builtins.mapAttrs (n: v: n) s`,
		`removeAttrs s [ "a" "n4" ]`, `removeAttrs s [ "missing" ] == s`, `builtins.intersectAttrs s { a = 3; q = 4; }`,
		`builtins.intersectAttrs { a = 3; n4 = 0; q = 4; } s`, `builtins.intersectAttrs s s == s`, `builtins.catAttrs "n3" [ s s ]`,
		`builtins.getAttr "n3" s`, `builtins.getAttr "missing" s`, `builtins.hasAttr "n3" s`, `builtins.unsafeGetAttrPos "a" s == null`,
		`s == s`, `removeAttrs s [ "f" ] == removeAttrs flat [ "f" ]`, `s == { }`, `s // { n4 = 9; }`, `s // s == s`, `{ } // s == s`,
		`{ a = 9; } // s`, `(s // { n4 = 9; } // { b = 1; }).n4`, `s // builtins.mapAttrs (n: v: 0) s`,
		`({ a, n3, ... }: [ a n3 ]) s`, `({ a, q ? a, ... }@all: [ a q all.n4 ]) s`, `({ a, ... }@all: all == s) s`,
		`({ a, missing, ... }: 1) s`, `({ a }: 1) s`, `({ a, n3, n4 ? 1 }: 1) s`,
		`builtins.toJSON (removeAttrs s [ "f" ])`, `builtins.toXML (removeAttrs s [ "f" ])`, `builtins.toJSON s`, `toString s`, `"${s}"`, `s 1`, `(s // { __functor = self: x: self.n4 + x; }) 2`,
		`"${s // { outPath = "o"; }}"`, `toString (s // { __toString = self: self.n3; })`, `builtins.deepSeq s 1`, `builtins.seq s 1`,
		`builtins.isAttrs s`, `builtins.typeOf s`, `builtins.zipAttrsWith (n: v: builtins.length v) [ s { a = 1; } ]`,
		`builtins.scopedImport s (builtins.toFile "x" "[ a n3 n4 ]")`, `let inherit (s) a n3 missing; in [ a n3 ]`, `let inherit (s) a n3; in [ a n3 ]`,
		`rec { inherit (s) a; b = a; }`, `s < s`, `s + s`, `builtins.functionArgs s`, `builtins.attrNames (builtins.functionArgs (s // { __functionArgs = { x = true; }; __functor = a: b: 1; }))`,
		`rec { x = 1; __overrides = s; y = a; }`, `{ type = "derivation"; outPath = "q"; } // s`, `(s // { type = "derivation"; outPath = "q"; }) == { type = "derivation"; outPath = "q"; }`,
		`assert s == big; 1`, `assert s == s // { a = 2; }; 1`,
	} {
		if layered, flat := evalPure(big+"pile; in "+expr), evalPure(big+"flat; in "+expr); strings.ReplaceAll(layered, "s = pile;", "s = flat;") != flat {
			t.Errorf("%s: layered\n%s\nflat\n%s", expr, layered, flat)
		}
	}
}
