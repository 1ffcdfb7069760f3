package eval

import (
	"fmt"
	"strings"

	"isomorph/internal/lazyre"
)

// A textAdvice says what may help about a message that a recipe has thrown.
// Those of package sets and module systems are known well enough to name the
// option, the files that define it and the change that is called for.
type textAdvice struct {
	says   *lazyre.Regexp
	advice func(msg string, m []string) string
}

// An option stands between these quotes in messages of nixpkgs, whose age
// decides which.
const option = "[`‘'](\\S+)['’]"

var textAdvices = []textAdvice{
	{lazyre.New("A definition for option " + option + " is not of type [`‘'](.*?)['’]\\. Definition values:"), adviceOnType},
	{lazyre.New("The option value " + option + " in (.*) is not a (.*)\\."), func(_ string, m []string) string {
		return fmt.Sprintf("give %s a value of the type %s in %s", m[1], m[3], unquoteFile(m[2]))
	}},
	{lazyre.New("The option " + option + " (?:was accessed|is used) but (?:has no value|not) defined"), func(_ string, m []string) string {
		return fmt.Sprintf("define it in a module of yours: %s = ...;", m[1])
	}},
	{lazyre.New("The (?:unique )?option " + option + " (?:has conflicting definition|is defined multiple times)"), func(msg string, m []string) string {
		return fmt.Sprintf("leave one definition of %s%s, or say which one counts: %[1]s = lib.mkForce ...;", m[1], inFiles(msg))
	}},
	{lazyre.New("The option " + option + "(?: defined in .*)? does not exist"), func(msg string, m []string) string {
		return fmt.Sprintf("correct the name %s%s, or import the module that declares it", m[1], inFiles(msg))
	}},
	{lazyre.New("(?m)^Failed assertions:"), func(string, []string) string {
		return "modules ask for this by the option assertions: change the options that the messages name"
	}},
	{lazyre.New(`asks for "([^"]+)", which the package set does not have`), missingArgument},
	{lazyre.New(`Function called without required argument "([^"]+)"`), missingArgument},
	{lazyre.New(`has an unfree license`), func(string, []string) string {
		return "to allow it: import <nixpkgs> { config.allowUnfree = true; }, or in a module: nixpkgs.config.allowUnfree = true;"
	}},
}

func missingArgument(_ string, m []string) string {
	return fmt.Sprintf("correct the name %s in the arguments of the function, or pass it: callPackage ... { %[1]s = ...; }", m[1])
}

// adviceOnType is for a definition of a wrong type. A number or Boolean that was
// written as a string is the usual reason.
func adviceOnType(msg string, m []string) string {
	name, kind := m[1], m[2]
	plain := definedAs.FindStringSubmatch(msg)
	wantsPlain := strings.Contains(kind, "integer") || strings.Contains(kind, "boolean") || strings.Contains(kind, "floating") || strings.Contains(kind, "null")
	if plain != nil && wantsPlain {
		return fmt.Sprintf("write it without quotes%s: %s = %s;", inFiles(msg), name, plain[1])
	}
	return fmt.Sprintf("give %s a value of the type \"%s\"%s", name, kind, inFiles(msg))
}

// definedAs is a definition by a string that holds a number, a Boolean or null.
var definedAs = lazyre.New("(?m)^\\s*- In .*: \"(-?[0-9]+(?:\\.[0-9]+)?|true|false|null)\"$")

var definedIn = lazyre.New("(?m)(?:^\\s*- In |(?:, in|and|defined in) )[`‘'](/[^'’\n]+)['’]")

// inFiles names the files that a message gives for the definitions of an option.
func inFiles(msg string) string {
	var files []string
	for _, m := range definedIn.FindAllStringSubmatch(msg, -1) {
		if len(files) == 0 || files[len(files)-1] != m[1] {
			files = append(files, m[1])
		}
	}
	if len(files) == 0 {
		return ""
	}
	return " in " + strings.Join(files, " and ")
}

func unquoteFile(s string) string { return strings.Trim(s, "`'‘’") }

// adviceOnText returns what may help about a message of a recipe, "" if it is
// none of those that are known.
func adviceOnText(msg string) string {
	for _, a := range textAdvices {
		if m := a.says.FindStringSubmatch(msg); m != nil {
			return a.advice(msg, m)
		}
	}
	return ""
}
