package gen

import "strings"

// tokens are what Corrupt puts into a text.
var tokens = []string{"{", "}", "[", "]", "(", ")", ";", ":", "=", "==", ",", ".", "...", "?", "@", "\"", "''", "${", "$", "let", "in", "if", "then", "else", "with", "assert", "rec", "inherit", "or", "x", "1", "1.5", "+", "++", "-", "->", "//", "/", "<", "<=", "!", "!=", "&&", "||", "./x", "<nixpkgs>", "~/x", "#", "/*", "*/", "|>", "\\", "%", "null", "x:", "http://a", "é", "\t", "\n", "\x00", "\xff", "\ufeff", "\r", "<|", "1e5", "1.e", ".1", "a/b", "/", "./", "<a", "~", "{a", "@", "''$", "inherit (", "__curPos", "\v"}

// Corrupt damages the text of a program in one to three places: something is
// left out, put in, doubled or exchanged.
func Corrupt(src Source, text string) string {
	g := &generator{src: src}
	words := strings.Split(text, " ")
	for range 1 + src.IntN(3) {
		i := src.IntN(len(words))
		switch src.IntN(5) {
		case 0:
			words = append(words[:i:i], words[i+1:]...)
		case 1:
			words = append(words[:i:i], append([]string{pick(g, tokens)}, words[i:]...)...)
		case 2:
			words[i] = pick(g, tokens)
		case 3:
			j := src.IntN(len(words))
			words[i], words[j] = words[j], words[i]
		default:
			words[i] = g.damaged(words[i])
		}
		if len(words) == 0 {
			return ""
		}
	}
	return strings.Join(words, " ")
}

// damaged cuts a word or puts a token into it.
func (g *generator) damaged(w string) string {
	i := g.src.IntN(len(w) + 1)
	if g.chance(500) {
		return w[:i]
	}
	return w[:i] + pick(g, tokens) + w[i:]
}
