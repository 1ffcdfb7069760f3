package syntax

// charClass is a set of the lexical roles that a byte may play.
type charClass uint8

const (
	classIDStart charClass = 1 << iota // first byte of an identifier
	classID                            // further bytes
	classPath                          // bytes of a path segment
	classURI                           // bytes after the colon of a URI
	classScheme                        // bytes before it
	classDigit
	classSpace
	classAlpha // first byte of a scheme
)

// classes gives the roles of every byte.
var classes = makeClasses()

func makeClasses() (t [256]charClass) {
	set := func(class charClass, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= class
		}
	}
	for c := 'a'; c <= 'z'; c++ {
		letter := string([]rune{c, c - 'a' + 'A'})
		set(classIDStart|classID|classPath|classURI|classScheme|classAlpha, letter)
	}
	set(classID|classPath|classURI|classScheme|classDigit, "0123456789")
	set(classIDStart|classID|classPath|classURI, "_")
	set(classID|classPath|classURI|classScheme, "-")
	set(classID|classURI, "'")
	set(classPath|classURI|classScheme, ".+")
	set(classURI, "%/?:@&=$,!~*")
	set(classSpace, " \t\r\n")
	return t
}
