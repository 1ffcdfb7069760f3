package resolve

import (
	"fmt"
	"strings"
)

// fromLib are functions of nixpkgs' library that people write without saying
// where they come from.
const fromLib = " mkIf mkOption mkDefault mkForce mkMerge mkEnableOption mkOverride mkBefore mkAfter mkPackageOption types optional optionals optionalString optionalAttrs recursiveUpdate genAttrs filterAttrs getExe licenses maintainers makeBinPath "

// fromPkgs are packages and functions of the package set, likewise.
const fromPkgs = " stdenv fetchFromGitHub fetchpatch callPackage writeText writeScript writeShellScriptBin runCommand mkDerivation symlinkJoin buildEnv "

// AdviceOnName says what may help about a variable that is not defined;
// isGlobal tells whether a name is one of the base environment.
func AdviceOnName(name string, isGlobal func(name string) bool) string {
	in := func(list string) bool { return strings.Contains(list, " "+name+" ") }
	switch {
	case isGlobal("__" + name):
		return fmt.Sprintf("it is a builtin: builtins.%s", name)
	case in(fromLib):
		return fmt.Sprintf("nixpkgs has it as lib.%s; lib is an argument of modules and packages, or import <nixpkgs/lib>", name)
	case in(fromPkgs):
		return fmt.Sprintf("nixpkgs has it as pkgs.%s; pkgs is an argument of modules, or import <nixpkgs> { }", name)
	}
	return fmt.Sprintf("names come from let, rec, with and the arguments of functions: is %s missing among them, or a pair of quotes around a text?", name)
}
