package eval

// CheckRecycled says that the tests run with the tag evalcheck.
const CheckRecycled = checkRecycled
