package syntax

// grammarText is the grammar of the language as bison gets it in C++ Nix
// (parser.y), less its actions: one production a line, in the same order,
// because ties between default reductions go by order. A line that starts with
// '|' has the left side of the one before. "%prec X" gives a precedence.
//
// The parser does not use it. It is for explain only.
const grammarText = `
start : expr
expr : expr_function
expr_function : ID ':' expr_function
| formal_set ':' expr_function
| formal_set '@' ID ':' expr_function
| ID '@' formal_set ':' expr_function
| ASSERT expr ';' expr_function
| WITH expr ';' expr_function
| LET binds IN expr_function
| expr_if
expr_if : IF expr THEN expr ELSE expr
| expr_pipe_from
| expr_pipe_into
| expr_op
expr_pipe_from : expr_op PIPE_FROM expr_pipe_from
| expr_op PIPE_FROM expr_op
expr_pipe_into : expr_pipe_into PIPE_INTO expr_op
| expr_op PIPE_INTO expr_op
expr_op : '!' expr_op %prec NOT
| '-' expr_op %prec NEGATE
| expr_op EQ expr_op
| expr_op NEQ expr_op
| expr_op '<' expr_op
| expr_op LEQ expr_op
| expr_op '>' expr_op
| expr_op GEQ expr_op
| expr_op AND expr_op
| expr_op OR expr_op
| expr_op IMPL expr_op
| expr_op UPDATE expr_op
| expr_op '?' attrpath
| expr_op '+' expr_op
| expr_op '-' expr_op
| expr_op '*' expr_op
| expr_op '/' expr_op
| expr_op CONCAT expr_op
| expr_app
expr_app : expr_app expr_select
| expr_select
expr_select : expr_simple '.' attrpath
| expr_simple '.' attrpath OR_KW expr_select
| expr_simple OR_KW
| expr_simple
expr_simple : ID
| INT
| FLOAT
| '"' string_parts '"'
| IND_OPEN ind_string_parts IND_CLOSE
| path_start PATH_END
| path_start string_parts_interpolated PATH_END
| SPATH
| URI
| '(' expr ')'
| LET '{' binds '}'
| REC '{' binds '}'
| '{' binds1 '}'
| '{' '}'
| '[' list ']'
string_parts : STR
| string_parts_interpolated
|
string_parts_interpolated : string_parts_interpolated STR
| string_parts_interpolated DOLLAR_CURLY expr '}'
| DOLLAR_CURLY expr '}'
| STR DOLLAR_CURLY expr '}'
path_start : PATH
| HPATH
ind_string_parts : ind_string_parts IND_STR
| ind_string_parts DOLLAR_CURLY expr '}'
|
binds : binds1
|
binds1 : binds1 attrpath '=' expr ';'
| binds INHERIT attrs ';'
| binds INHERIT '(' expr ')' attrs ';'
| attrpath '=' expr ';'
attrs : attrs attr
| attrs string_attr
|
attrpath : attrpath '.' attr
| attrpath '.' string_attr
| attr
| string_attr
attr : ID
| OR_KW
string_attr : '"' string_parts '"'
| DOLLAR_CURLY expr '}'
list : list expr_select
|
formal_set : '{' formals ',' ELLIPSIS '}'
| '{' ELLIPSIS '}'
| '{' formals ',' '}'
| '{' formals '}'
| '{' '}'
formals : formals ',' formal
| formal
formal : ID
| ID '?' expr
`

// terminals gives the tokens their names in grammarText.
var terminals = map[string]kind{
	"ID": tID, "STR": tStr, "IND_STR": tIndStr, "INT": tInt, "FLOAT": tFloat,
	"PATH": tPath, "HPATH": tHPath, "SPATH": tSPath, "PATH_END": tPathEnd, "URI": tURI,
	"IF": tIf, "THEN": tThen, "ELSE": tElse, "ASSERT": tAssert, "WITH": tWith, "LET": tLet,
	"IN": tIn, "REC": tRec, "INHERIT": tInherit,
	"EQ": tEq, "NEQ": tNeq, "LEQ": tLeq, "GEQ": tGeq, "UPDATE": tUpdate, "CONCAT": tConcat,
	"AND": tAnd, "OR": tOr, "IMPL": tImpl, "OR_KW": tOrKw,
	"PIPE_FROM": tPipeFrom, "PIPE_INTO": tPipeInto, "DOLLAR_CURLY": tDollarCurly,
	"IND_OPEN": tIndOpen, "IND_CLOSE": tIndClose, "ELLIPSIS": tEllipsis,
	"'<'": tLess, "'>'": tGreater, "'+'": tPlus, "'-'": tMinus, "'*'": tStar, "'/'": tSlash,
	"'?'": tQuestion, "':'": tColon, "'@'": tAt, "';'": tSemi, "'!'": tNot, "'.'": tDot,
	`'"'`: tQuote, "'('": tParenL, "')'": tParenR, "'{'": tCurlyL, "'}'": tCurlyR,
	"'['": tBracketL, "']'": tBracketR, "'='": tAssign, "','": tComma,
}
