package eval

import "testing"

// Messages of the module systems of nixpkgs 18.03, 20.09 and 26.11, and of this
// project's channel.
func TestAdviceOnText(t *testing.T) {
	for msg, want := range map[string]string{
		"A definition for option `a.port' is not of type `16 bit unsigned integer'. Definition values:\n- In `/x/s.nix': \"80\"":   `write it without quotes in /x/s.nix: a.port = 80;`,
		"A definition for option `a.on' is not of type `boolean'. Definition values:\n- In `/x/s.nix': \"yes\"":                    `give a.on a value of the type "boolean" in /x/s.nix`,
		"A definition for option `a.name' is not of type `string'. Definition values:\n- In `/x/s.nix': 1":                         `give a.name a value of the type "string" in /x/s.nix`,
		"The option value `a.on' in `/x/s.nix' is not a boolean.":                                                                  `give a.on a value of the type boolean in /x/s.nix`,
		"The option `a.on' is used but not defined.":                                                                               `define it in a module of yours: a.on = ...;`,
		"The option `a.on' was accessed but has no value defined. Try setting the option.":                                         `define it in a module of yours: a.on = ...;`,
		"The option `a.on' has conflicting definitions, in `/x/a.nix' and `/x/b.nix'.":                                             `leave one definition of a.on in /x/a.nix and /x/b.nix, or say which one counts: a.on = lib.mkForce ...;`,
		"The option `a.on' has conflicting definition values:\n- In `/x/a.nix': 1\n- In `/x/b.nix': 2\nUse `lib.mkForce value'":    `leave one definition of a.on in /x/a.nix and /x/b.nix, or say which one counts: a.on = lib.mkForce ...;`,
		"The unique option `a.on' is defined multiple times, in `/x/a.nix' and `/x/b.nix'.":                                        `leave one definition of a.on in /x/a.nix and /x/b.nix, or say which one counts: a.on = lib.mkForce ...;`,
		"The option `a.no' defined in `/x/a.nix' does not exist.":                                                                  `correct the name a.no in /x/a.nix, or import the module that declares it`,
		"The option `a.no' does not exist. Definition values:\n- In `/x/a.nix': true":                                              `correct the name a.no in /x/a.nix, or import the module that declares it`,
		"\nFailed assertions:\n- x needs y":                                                                                        `modules ask for this by the option assertions: change the options that the messages name`,
		`callPackage: the package function of /x/p.nix asks for "zlibb", which the package set does not have`:                      `correct the name zlibb in the arguments of the function, or pass it: callPackage ... { zlibb = ...; }`,
		`lib.customisation.callPackageWith: Function called without required argument "zlibb" at /x/p.nix:1, did you mean "zlib"?`: `correct the name zlibb in the arguments of the function, or pass it: callPackage ... { zlibb = ...; }`,
		"Package 'x' has an unfree license, refusing to evaluate.":                                                                 `to allow it: import <nixpkgs> { config.allowUnfree = true; }, or in a module: nixpkgs.config.allowUnfree = true;`,
		"something else": "",
	} {
		if got := adviceOnText(msg); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", msg, got, want)
		}
	}
}
