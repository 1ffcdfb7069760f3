package eval

import "slices"

// bindFormals fills the frame of a function with a set pattern.
func (c *Ctx) bindFormals(fn *lambda, e *env, arg Value, pos Pos) {
	var a *Attrs
	if w, ok := Peek(arg); ok && w.kind() == kAttrs {
		a = w.AsAttrs()
	} else {
		a = c.forceFormals(fn, arg, pos)
	}
	if a.sh == nil {
		c.bindLayered(fn, e, a, pos)
		return
	}
	plan := fn.plan.Load()
	if plan == nil || plan.sh != a.sh {
		c.Stats.PlanMisses++
		plan = c.planFormals(fn, a, pos)
	} else {
		c.Stats.PlanHits++
	}
	if fn.hasArg {
		*e.slot(len(fn.formals)) = AttrsValue(a)
	}
	for i, x := range plan.from {
		if x >= 0 {
			*e.slot(i) = *a.slot(int(x))
		} else {
			*e.slot(i) = fn.formals[i].def.delay(c, e)
		}
	}
}

// bindLayered is bindFormals for a layered set, which has no plan.
func (c *Ctx) bindLayered(fn *lambda, e *env, a *Attrs, pos Pos) {
	c.Stats.PlanMisses++
	used, missing := 0, false
	for i := range fn.formals {
		f := &fn.formals[i]
		v, ok := a.Get(f.name)
		if ok {
			used++
		}
		missing = missing || !ok && f.def == nil
		*e.slot(i) = v
	}
	if missing || !fn.ellipsis && used != a.Len() {
		c.planFormals(fn, a.flat(), pos) // throws
	}
	if fn.hasArg {
		*e.slot(len(fn.formals)) = AttrsValue(a)
	}
	for i := range fn.formals {
		if s := e.slot(i); s.IsZero() {
			*s = fn.formals[i].def.delay(c, e)
		}
	}
}

const lambdaArgText = "while evaluating the value passed for the lambda argument"

func (c *Ctx) forceFormals(fn *lambda, arg Value, pos Pos) *Attrs {
	if pos == 0 {
		return c.ForceAttrs(fn.innerPos, arg, lambdaArgText)
	}
	c.pushMsg(pos, "from call site")
	a := c.ForceAttrs(fn.innerPos, arg, lambdaArgText)
	c.sp--
	return a
}

func (c *Ctx) planFormals(fn *lambda, a *Attrs, pos Pos) *formalsPlan {
	plan := &formalsPlan{a.sh, make([]int32, len(fn.formals))}
	used, missing := 0, Sym(0)
	for i, f := range fn.formals {
		x := a.sh.find(f.name)
		plan.from[i] = int32(x)
		if x >= 0 {
			used++
		} else if f.def == nil && (missing == 0 || f.name < missing) {
			missing = f.name
		}
	}
	if missing != 0 {
		panic(Errorf(KindType, fn.innerPos, "function '%s' called without required argument '%s'",
			c.lambdaName(fn), c.ShowName(missing)).callSite(pos).Advise("the call passes: %s", listNames(a.nameList(c))))
	}
	if !fn.ellipsis && used != a.Len() {
		c.throwUnexpected(fn, a, pos)
	}
	if a.sh.static {
		fn.plan.Store(plan)
	}
	return plan
}

func (e *Error) callSite(pos Pos) *Error { return e.With(pos, "from call site") }

func (c *Ctx) lambdaName(fn *lambda) string {
	if fn.name == 0 {
		return "anonymous lambda"
	}
	return c.Name(fn.name)
}

func (c *Ctx) throwUnexpected(fn *lambda, a *Attrs, pos Pos) {
	for _, k := range a.sh.keys() {
		if fn.hasFormal(k) {
			continue
		}
		names := make([]string, len(fn.formals))
		for i, f := range fn.formals {
			names[i] = c.Name(f.name)
		}
		panic(Errorf(KindType, fn.innerPos, "function '%s' called with unexpected argument '%s'",
			c.lambdaName(fn), c.ShowName(k)).callSite(pos).Suggest(c.Name(k), names).Advise("the function takes: %s", listNames(slices.Clone(names))))
	}
}

func (fn *lambda) hasFormal(k Sym) bool {
	return slices.ContainsFunc(fn.formals, func(f formal) bool { return f.name == k })
}
