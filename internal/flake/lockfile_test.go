package flake_test

import (
	"strings"
	"testing"

	"isomorph/internal/flake"
	"isomorph/internal/flakeref"
)

func reader() flake.Reader {
	return flake.Reader{
		IsLocked: func(a flakeref.Attrs) bool { return a["narHash"] != nil },
		Warn:     func(string) {},
	}
}

const node = `{"locked":{"type":"path","path":"/x","narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},"original":{"type":"path","path":"/x"}`

// file makes a lock file of a version out of nodes by name.
func file(version, nodes string) string {
	return `{"version":` + version + `,"root":"root","nodes":{` + nodes + `}}`
}

func TestLockFileErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                      "Could not parse 'f': ",
		`[]`:                                     "lock file 'f' is not a JSON object",
		`{"version":8}`:                          "lock file 'f' has unsupported version 8",
		`{"version":4}`:                          "lock file 'f' has unsupported version 4",
		`{"version":7}`:                          "lock file 'f' has no 'nodes' or no 'root'",
		file("7", ``):                            "lock file references missing node 'root'",
		file("7", `"root":{"inputs":{"a":"b"}}`): "lock file references missing node 'b'",
		file("7", `"root":{"inputs":{"a":"root"}}`):                      "lock file contains cycle to root node",
		file("7", `"root":{"inputs":{"a":3}}`):                           "input 'a' is neither the name of a node nor a path",
		file("7", `"root":{"inputs":{"a":"a"}},"a":{}`):                  "attribute 'locked' missing in lock file",
		file("7", `"root":{"inputs":{"a":"a"}},"a":`+node+`,"flake":1}`): "'flake' of a node is not a Boolean",
		file("7", `"root":{"inputs":{"a":"a"}},"a":{"locked":{"type":"path","path":"/x"},"original":{"type":"path","path":"/x"}}`): "Lock file contains unlocked input",
		file("7", `"root":{"inputs":{"a":"a"}},"a":{"locked":{"type":"path","path":[]},"original":{}}`):                            "unsupported input attribute type in lock file",
	} {
		if _, err := reader().Read(text, "f"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// Version 5 kept the hash apart, in info.
func TestOldVersions(t *testing.T) {
	text := file("5", `"root":{"inputs":{"a":"a"}},"a":{"info":{"narHash":"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},"locked":{"type":"path","path":"/x"},"original":{"type":"path","path":"/x"}}`)
	l, err := reader().Read(text, "f")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Root.Inputs["a"].Node.Locked.Str("narHash"); !strings.HasPrefix(got, "sha256-47DE") {
		t.Errorf("the hash is %q", got)
	}
	if !strings.Contains(l.String(), `"version": 7`) {
		t.Error("it is not written as version 7")
	}
}

func TestFollows(t *testing.T) {
	l, err := reader().Read(file("7", `"root":{"inputs":{"a":"a","b":["a","c"],"d":["e"],"e":["d"],"self":[]}},"a":`+node+`,"inputs":{"c":"c"}},"c":`+node+`,"flake":false}`), "f")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]*flake.Node{
		"a": l.Root.Inputs["a"].Node, "b": l.Root.Inputs["a"].Node.Inputs["c"].Node, "": l.Root, "self": l.Root, "a/x": nil,
	} {
		p, err := flake.ParseInputPath(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := l.Find(p); got != want || err != nil {
			t.Errorf("%q: %p, %v, want %p", path, got, err, want)
		}
	}
	const cycle = "follow cycle detected: [d -> e -> d]"
	if _, err := l.Find(flake.InputPath{"d"}); err == nil || err.Error() != cycle {
		t.Errorf("got %v, want %s", err, cycle)
	}
	if err := l.Check(); err == nil || !strings.HasPrefix(err.Error(), "follow cycle") {
		t.Errorf("Check: %v", err)
	}
}

// What is written is read as the same, and equal names are told apart.
func TestRoundTrip(t *testing.T) {
	text := file("7", `"root":{"inputs":{"a":"a","b":"b"}},"a":`+node+`},"b":`+node+`,"inputs":{"a":"a_2"}},"a_2":`+node+`,"flake":false,"parent":["b"]}`)
	l, err := reader().Read(text, "f")
	if err != nil {
		t.Fatal(err)
	}
	again, err := reader().Read(l.String(), "f")
	if err != nil || again.String() != l.String() || !again.Equal(l) {
		t.Errorf("%v\n%s", err, again)
	}
	if !strings.Contains(l.String(), `"a_2"`) {
		t.Error(l.String())
	}
	if d := flake.Diff(flake.NewLockFile(), l); strings.Count(d, "Added input") != 3 {
		t.Errorf("%s", d)
	}
	if d := flake.Diff(l, again); d != "" {
		t.Errorf("differs from itself:\n%s", d)
	}
}

func FuzzLockFile(f *testing.F) {
	f.Add(file("7", `"root":{"inputs":{"a":"a","b":["a"]}},"a":`+node+`}`))
	f.Add(file("5", `"root":{}`))
	f.Fuzz(func(t *testing.T, text string) {
		l, err := reader().Read(text, "f")
		if err != nil {
			return
		}
		printed := l.String()
		again, err := reader().Read(printed, "f")
		if err != nil {
			t.Fatalf("%q prints as %q, which is refused: %v", text, printed, err)
		}
		if again.String() != printed {
			t.Fatalf("%q prints as %q, that as %q", text, printed, again)
		}
		_ = l.Check() // must end
	})
}

func TestReadRegistry(t *testing.T) {
	var warned []string
	read := func(text string) []flake.Entry {
		return flake.ReadRegistry(text, "r", func(msg string) { warned = append(warned, msg) })
	}
	got := read(`{"version":2,"flakes":[{"from":{"type":"indirect","id":"x"},"to":{"type":"path","path":"/x","dir":"d"},"exact":true}]}`)
	if len(got) != 1 || got[0].To.Dir != "d" || !got[0].Exact || got[0].From.String() != "flake:x" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{`{`, `{"version":1}`, `{"version":2,"flakes":[{}]}`, `{"version":2,"flakes":[3]}`} {
		if read(bad); len(warned) == 0 {
			t.Errorf("%s was accepted", bad)
		}
		warned = nil
	}
}
