package syntax

// GrammarAccepts says whether bison's automaton accepts a text; for a text that
// it refuses, the message is what the parser should say. It knows nothing of
// what is checked beyond grammar, such as duplicate attributes.
func GrammarAccepts(text []byte, o Options) (msg string, ok bool) {
	base, err := o.Files.Add(o.Origin, text)
	if err != nil {
		return err.Error(), false
	}
	p := newParser(text, base, o)
	p.tok.kind = tError // marks the message of an accepted text
	msg = p.explain().Msg
	return msg, msg == "syntax error, unexpected error"
}
