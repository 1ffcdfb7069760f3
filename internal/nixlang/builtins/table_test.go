package builtins_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"isomorph/internal/nixlang/builtins"
	"isomorph/internal/nixlang/eval"
)

// names are those of "builtins.attrNames builtins" in Nix 2.34.8 without
// experimental features, one "+" in front of those that are global under the
// bare name. Programs test for builtins, so that more of them or fewer would
// change what they do.
const names = `+abort add addDrvOutputDependencies addErrorContext all any appendContext attrNames attrValues
	+baseNameOf bitAnd bitOr bitXor +break +builtins catAttrs ceil compareVersions concatLists concatMap
	concatStringsSep convertHash currentSystem currentTime deepSeq +derivation +derivationStrict +dirOf div elem
	elemAt +false +fetchGit +fetchMercurial +fetchTarball fetchurl filter filterSource findFile flakeRefToString floor
	foldl'
	fromJSON +fromTOML functionArgs genList genericClosure getAttr getContext getEnv getFlake groupBy hasAttr hasContext
	hashFile hashString head +import intersectAttrs isAttrs isBool isFloat isFunction isInt isList +isNull isPath
	isString langVersion length lessThan listToAttrs +map mapAttrs match mul nixPath nixVersion +null parseDrvName parseFlakeRef
	partition path pathExists +placeholder readDir readFile readFileType +removeAttrs replaceStrings +scopedImport
	seq sort split splitVersion storeDir storePath stringLength sub substring tail +throw toFile toJSON toPath
	+toString toXML trace traceVerbose +true tryEval typeOf unsafeDiscardOutputDependency
	unsafeDiscardStringContext unsafeGetAttrPos warn zipAttrsWith`

func TestNamesAsNix(t *testing.T) {
	st := eval.NewState(eval.Options{})
	builtins.Install(st, builtins.Options{Host: newMemHost(nil)})
	c := st.NewCtx()
	var got []string
	for at := range c.Sorted(st.Builtins().AsAttrs()) {
		name := c.Name(at.Name)
		_, bare := st.Global(name)
		_, underscored := st.Global("__" + name)
		if bare == underscored {
			t.Errorf("%s: global as it is %v, with underscores %v", name, bare, underscored)
		}
		if bare {
			name = "+" + name
		}
		got = append(got, name)
	}
	slices.Sort(got)
	want := strings.Fields(names)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachBuiltinIsDescribed(t *testing.T) {
	st := eval.NewState(eval.Options{})
	builtins.Install(st, builtins.Options{Host: newMemHost(nil)})
	for _, p := range st.PrimOps() {
		if p.Doc == "" || len(p.Args) != p.Arity {
			t.Errorf("%s: %q, %d names for %d arguments", p.Name, p.Doc, len(p.Args), p.Arity)
		}
	}
}

func TestPureModeHidesTheMachine(t *testing.T) {
	st := eval.NewState(eval.Options{})
	builtins.Install(st, builtins.Options{Host: newMemHost(nil), PureEval: true})
	for _, name := range []string{"__currentTime", "__currentSystem"} {
		if _, ok := st.Global(name); ok {
			t.Errorf("%s is there", name)
		}
	}
	if _, ok := st.Global("__langVersion"); !ok {
		t.Error("langVersion is not")
	}
}

// TestTransientNames: a misspelt name in the list of builtins that keep no
// arguments would be without effect.
func TestTransientNames(t *testing.T) {
	st := eval.NewState(eval.Options{})
	builtins.Install(st, builtins.Options{Host: newMemHost(nil)})
	n := 0
	for _, p := range st.PrimOps() {
		if p.Transient != 0 {
			n++
		}
	}
	if n != builtins.TransientNames {
		t.Errorf("%d builtins have arguments that they do not keep, the list names %d", n, builtins.TransientNames)
	}
}
