package ere

// SetImpatient makes a matcher use the table of failures from the start.
func (m *Matcher) SetImpatient() { m.impatient = true }
