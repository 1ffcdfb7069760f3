package flakeref

import "testing"

func TestRedacted(t *testing.T) {
	u, err := ParseURL("https://me:secret@h/x?a=b")
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Redacted(); got != "https://me@h/x?a=b" {
		t.Error(got)
	}
	if got := u.String(); got != "https://me:secret@h/x?a=b" {
		t.Error("redacting changed the URL: " + got)
	}
}
