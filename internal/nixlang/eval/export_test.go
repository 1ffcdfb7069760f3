package eval

// CheckRecycled says that the tests run with the tag evalcheck.
const CheckRecycled = checkRecycled

// GCPercent is the percentage at which a heap grows to the size allowed.
var GCPercent = gcPercent
