package netrc_test

import (
	"testing"

	"isomorph/internal/fetch/netrc"
)

func TestFind(t *testing.T) {
	all := netrc.Parse("# machine no login no\nmachine a.org\n\tlogin me\n\tpassword p1\nmacdef x\nmachine evil login evil\n\nmachine B.org login you account z password p2\n")
	for host, want := range map[string][2]string{"a.org": {"me", "p1"}, "b.ORG": {"you", "p2"}, "no": {}, "evil": {}, "x.a.org": {}} {
		login, password, ok := netrc.Find(all, host)
		if got := [2]string{login, password}; got != want || ok != (want[0] != "") {
			t.Errorf("%s: %v, %v", host, got, ok)
		}
	}
	if login, _, ok := netrc.Find(netrc.Parse("default login d password e"), "any"); !ok || login != "d" {
		t.Error("the default does not count")
	}
}
