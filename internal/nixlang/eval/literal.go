package eval

// IsLiteral tells whether a value can be finished without computing anything:
// it is finished already, or a set or list as it is written, without names
// that are computed. Flakes must be written so as far as their inputs go.
func (v Value) IsLiteral() bool {
	if v.kind() != kThunk {
		return true
	}
	t := (*Thunk)(v.p)
	k := t.loadCode()
	if k == nil {
		return true
	}
	return isLiteral(k.node)
}

func isLiteral(n node) bool {
	switch n := n.(type) {
	case *deferredNode:
		return n.isLiteral()
	case *attrsNode:
		return len(n.dynamic) == 0
	case *listNode, *constThunkNode:
		return true
	}
	return false
}
