package syntax

// The methods that make the nodes expressions.

// Pos implements [Expr].
func (*Int) Pos() Pos { return 0 }

// Pos implements [Expr].
func (*Float) Pos() Pos { return 0 }

// Pos implements [Expr].
func (*Str) Pos() Pos { return 0 }

// Pos implements [Expr].
func (*Path) Pos() Pos { return 0 }

// Pos implements [Expr].
func (e *Var) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *Select) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *HasAttr) Pos() Pos { return e.Subject.Pos() }

// Pos implements [Expr].
func (e *Attrs) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *InheritFrom) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *List) Pos() Pos {
	if len(e.Elems) == 0 {
		return 0
	}
	return e.Elems[0].Pos()
}

// Pos implements [Expr].
func (e *Lambda) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *Call) Pos() Pos { return e.At }

// Pos implements [Expr].
func (*Let) Pos() Pos { return 0 }

// Pos implements [Expr].
func (e *With) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *If) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *Assert) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *Not) Pos() Pos { return e.X.Pos() }

// Pos implements [Expr].
func (e *Binary) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *Concat) Pos() Pos { return e.At }

// Pos implements [Expr].
func (e *CurPos) Pos() Pos { return e.At }

func (*Int) node()         {}
func (*Float) node()       {}
func (*Str) node()         {}
func (*Path) node()        {}
func (*Var) node()         {}
func (*Select) node()      {}
func (*HasAttr) node()     {}
func (*Attrs) node()       {}
func (*InheritFrom) node() {}
func (*List) node()        {}
func (*Lambda) node()      {}
func (*Call) node()        {}
func (*Let) node()         {}
func (*With) node()        {}
func (*If) node()          {}
func (*Assert) node()      {}
func (*Not) node()         {}
func (*Binary) node()      {}
func (*Concat) node()      {}
func (*CurPos) node()      {}
