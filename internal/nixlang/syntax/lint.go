package syntax

import "fmt"

// LintLevel is what to do about a construct that is legal but discouraged.
type LintLevel uint8

// The levels of lint.
const (
	LintIgnore LintLevel = iota
	LintWarn             // tell Options.Warn
	LintFatal            // refuse the text
)

// ParseLintLevel reads "ignore", "warn" or "fatal".
func ParseLintLevel(s string) (LintLevel, error) {
	switch s {
	case "ignore":
		return LintIgnore, nil
	case "warn":
		return LintWarn, nil
	case "fatal":
		return LintFatal, nil
	}
	return LintIgnore, fmt.Errorf("'%s' is not a lint level: use ignore, warn or fatal", s)
}

// Lints are the discouraged constructs. The names are those of the settings of
// Nix 2.35 and later; before, there were none.
type Lints struct {
	URLLiterals          LintLevel // lint-url-literals: http://x without quotes
	AbsolutePathLiterals LintLevel // lint-absolute-path-literals: /a/b and ~/a
	ShortPathLiterals    LintLevel // lint-short-path-literals: a/b for ./a/b
}

// lint acts on a discouraged construct at the current token.
func (p *parser) lint(level LintLevel, setting, format string, args ...any) {
	if level == LintIgnore {
		return
	}
	at := p.posOf(p.tok)
	msg := fmt.Sprintf(format, args...) + " (" + setting + ")"
	if level == LintFatal {
		p.refuse(at, msg)
	}
	if p.options.Warn != nil {
		p.options.Warn(msg + "\n" + Indent(p.files.Position(at), p.files.Excerpt(at), warningIndent))
	}
}

// warningIndent is as wide as "warning: ".
const warningIndent = "         "

func (p *parser) lintURL(url string) {
	level, how := p.options.Lints.URLLiterals, "discouraged"
	if level == LintFatal {
		how = "disallowed"
	}
	p.lint(level, "lint-url-literals", "URL literals are %s. Consider using a string literal \"%s\" instead", how, url)
}

func (p *parser) lintPath(literal string) {
	const advice = "path literals are not portable. Consider replacing path literal '%s' by a string, relative path, or parameter"
	switch lints := p.options.Lints; literal[0] {
	case '.':
	case '~':
		p.lint(lints.AbsolutePathLiterals, "lint-absolute-path-literals", "home "+advice, literal)
	case '/':
		p.lint(lints.AbsolutePathLiterals, "lint-absolute-path-literals", "absolute "+advice, literal)
	default:
		p.lint(lints.ShortPathLiterals, "lint-short-path-literals",
			"relative path literal '%s' should be prefixed with '.' for clarity: './%s'", literal, literal)
	}
}
