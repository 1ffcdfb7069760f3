package classic

import (
	"maps"
	"slices"
	"strings"

	"isomorph/internal/cli/settings"
)

// NixVersion is the version of Nix whose commands these are.
const NixVersion = "2.34.8"

// help lists the options that a command takes. What they mean is told by the
// Nix manual.
func (s Spec) help() string {
	var own []string
	own = append(own, slices.Collect(maps.Keys(s.Flags))...)
	for name := range s.Values {
		own = append(own, name+" VALUE")
	}
	for name := range s.Pairs {
		own = append(own, name+" NAME VALUE")
	}
	slices.Sort(own)
	var b strings.Builder
	b.WriteString(s.Command + " as in the Nix manual, in the store of isomorph.\n")
	section(&b, "Options:", own)
	section(&b, "Options of all commands of Nix:", strings.Fields(commonHelp))
	section(&b, "Settings:", settingsHelp())
	return b.String()
}

// commonHelp names the options that the function common knows; a dot joins an
// option to its arguments.
const commonHelp = `--arg.NAME.EXPRESSION --arg-from-file.NAME.FILE --arg-from-stdin.NAME --argstr.NAME.STRING --check --cores.NUMBER --debug --dry-run
--fallback --help --impure -I.PATH --include.PATH
-j.NUMBER -k --keep-failed --keep-going -K --log-format.FORMAT --max-jobs.NUMBER --max-silent-time.SECONDS
--no-build-output --no-show-trace --option.NAME.VALUE --quiet -Q --read-write-mode --readonly-mode --repair
--show-trace --store.DIR --timeout.SECONDS -v --verbose --version`

func settingsHelp() []string {
	var out []string
	for _, name := range settings.Names(settings.Number, settings.Size, settings.Text) {
		out = append(out, "--"+name+".VALUE")
	}
	for _, name := range settings.Names(settings.List) {
		out = append(out, "--[extra-]"+name+".VALUES")
	}
	for _, name := range settings.Names(settings.Bool, settings.Mode) {
		out = append(out, "--[no-]"+name)
	}
	slices.Sort(out)
	return out
}

// section writes a list, several to a line.
func section(b *strings.Builder, title string, words []string) {
	b.WriteString("\n" + title)
	column := 80
	for _, w := range words {
		w = strings.ReplaceAll(w, ".", " ")
		if column+len(w)+2 > 78 {
			b.WriteString("\n ")
			column = 1
		}
		b.WriteString(" " + w + ",")
		column += len(w) + 2
	}
	text := strings.TrimSuffix(b.String(), ",")
	b.Reset()
	b.WriteString(text + "\n")
}
