package lockcmd

import (
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"isomorph/internal/debian/lock"
)

// show prints the pins as a table, or the lock as it is.
func (c *command) show(asJSON bool) error {
	l, path, err := c.read()
	if err != nil {
		return err
	}
	if asJSON {
		_, err := c.env.Stdout.Write(l.Encode())
		return err
	}
	w := tabwriter.NewWriter(c.env.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PACKAGE\tVERSION\tSIZE\tARCHIVE\t")
	for _, name := range slices.Sorted(maps.Keys(l.Packages)) {
		p := l.Packages[name]
		root := ""
		if slices.Contains(l.Roots, name) {
			root = "*"
		}
		fmt.Fprintf(w, "%s%s\t%s\t%d\t%s\t\n", name, root, p.Version, p.Size, p.Repository)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	c.say("%d packages (* asked for by name), %s, %s", len(l.Packages), megabytes(total(l)), path)
	for _, line := range Ages(l, c.env.Now()) {
		c.say("%s", line)
	}
	return nil
}

// Ages tells of each repository how old its pinned state is.
func Ages(l *lock.Lock, now time.Time) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(l.Repositories)) {
		r := l.Repositories[name]
		t, err := time.Parse(time.RFC3339, r.Date)
		if err != nil {
			continue
		}
		days := int(now.Sub(t).Hours() / 24)
		out = append(out, fmt.Sprintf("%s: %s/%s of %s, %d days old", name, r.Suite, r.Component, t.Format(time.DateOnly), days))
	}
	return out
}
