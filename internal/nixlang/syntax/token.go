package syntax

// kind is the kind of a token. The numbering and the names are those that the
// error messages depend on: bison lists expected tokens in this order (%token
// declarations first, then single characters in order of appearance).
type kind uint8

const (
	tEOF kind = iota
	tError
	tInvalid
	tID
	tStr
	tIndStr
	tInt
	tFloat
	tPath
	tHPath
	tSPath
	tPathEnd
	tURI
	tIf
	tThen
	tElse
	tAssert
	tWith
	tLet
	tIn
	tRec
	tInherit
	tEq
	tNeq
	tLeq
	tGeq
	tUpdate
	tConcat
	tAnd
	tOr
	tImpl
	tOrKw
	tPipeFrom
	tPipeInto
	tDollarCurly
	tIndOpen
	tIndClose
	tEllipsis
	tLess
	tGreater
	tPlus
	tMinus
	tStar
	tSlash
	tQuestion
	tColon
	tAt
	tSemi
	tNot
	tDot
	tQuote
	tParenL
	tParenR
	tCurlyL
	tCurlyR
	tBracketL
	tBracketR
	tAssign
	tComma
	numKinds
)

// kindNames are the names of tokens in messages.
var kindNames = [numKinds]string{
	tEOF: "end of file", tError: "error", tInvalid: "invalid token",
	tID: "identifier", tStr: "string", tIndStr: "indented string",
	tInt: "integer", tFloat: "floating-point literal",
	tPath: "path", tHPath: "'~/…' path", tSPath: "'<…>' path", tPathEnd: "end of path", tURI: "URI",
	tIf: "'if'", tThen: "'then'", tElse: "'else'", tAssert: "'assert'", tWith: "'with'",
	tLet: "'let'", tIn: "'in'", tRec: "'rec'", tInherit: "'inherit'",
	tEq: "'=='", tNeq: "'!='", tLeq: "'<='", tGeq: "'>='", tUpdate: "'//'", tConcat: "'++'",
	tAnd: "'&&'", tOr: "'||'", tImpl: "'->'", tOrKw: "'or'", tPipeFrom: "'<|'", tPipeInto: "'|>'",
	tDollarCurly: "'${'", tIndOpen: "start of an indented string", tIndClose: "end of an indented string",
	tEllipsis: "'...'", tLess: "'<'", tGreater: "'>'", tPlus: "'+'", tMinus: "'-'", tStar: "'*'",
	tSlash: "'/'", tQuestion: "'?'", tColon: "':'", tAt: "'@'", tSemi: "';'", tNot: "'!'", tDot: "'.'",
	tQuote: `'"'`, tParenL: "'('", tParenR: "')'", tCurlyL: "'{'", tCurlyR: "'}'",
	tBracketL: "'['", tBracketR: "']'", tAssign: "'='", tComma: "','",
}

// token is a piece of the text: bytes start to end. For tError, the message is
// in lexer.problem.
type token struct {
	kind  kind
	sub   strKind
	start uint32
	end   uint32
}

// strKind says how the text of a tStr or tIndStr becomes its value.
type strKind uint8

const (
	strRaw       strKind = iota // as it stands
	strEscape                   // with backslash escapes or CR
	strIndEscape                // the same behind two quotes: an escape of an indented string
	strIndent                   // part of '' string in which indentation counts
	strDollar                   // ''$ or $: a dollar
	strQuotes                   // ''': two quotes
)
