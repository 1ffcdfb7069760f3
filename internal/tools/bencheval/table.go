package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const tableHead = `| workload | Nix wall | user | sys | MB | isomorph wall | user | sys | MB | wall ratio | user | u+s | memory |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
`

// median returns the median of each figure by itself.
func (s side) median() sample {
	return sample{
		wall: middle(s, func(x sample) time.Duration { return x.wall }),
		user: middle(s, func(x sample) time.Duration { return x.user }),
		sys:  middle(s, func(x sample) time.Duration { return x.sys }),
		rss:  middle(s, func(x sample) int64 { return x.rss }),
	}
}

// cpu returns the median of user and system time together.
func (s side) cpu() time.Duration {
	return middle(s, func(x sample) time.Duration { return x.user + x.sys })
}

func middle[T cmp.Ordered](s side, figure func(sample) T) T {
	all := make([]T, len(s))
	for i, x := range s {
		all[i] = figure(x)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// row returns the line of the table for a result.
func (r result) row(name string) string {
	n, o := r.nix.median(), r.ours.median()
	return fmt.Sprintf("| %s | %s | %s | %s | %d | %s | %s | %s | %d | **%.2f** | %.2f | %.2f | %.2f |\n", name,
		seconds(n.wall), seconds(n.user), seconds(n.sys), n.rss>>20,
		seconds(o.wall), seconds(o.user), seconds(o.sys), o.rss>>20,
		ratio(o.wall, n.wall), ratio(o.user, n.user), ratio(r.ours.cpu(), r.nix.cpu()), ratio(o.rss, n.rss))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func ratio[T int64 | time.Duration](a, b T) float64 { return float64(a) / float64(max(b, 1)) }

// summary says how the micro-benchmarks did together: median and worst of
// their ratios.
func (b *bench) summary() string {
	var wall, user []float64
	var slow []string
	for _, r := range b.results {
		if !r.load.micro {
			continue
		}
		n, o := r.nix.median(), r.ours.median()
		wall = append(wall, ratio(o.wall, n.wall))
		user = append(user, ratio(o.user, n.user))
		if u := ratio(o.user, n.user); u > 1 {
			slow = append(slow, fmt.Sprintf("%s %.2f", r.load.name, u))
		}
	}
	if len(wall) == 0 {
		return ""
	}
	slices.Sort(wall)
	slices.Sort(user)
	text := fmt.Sprintf("\n%d micro-benchmarks: wall ratio median %.2f, worst %.2f; user CPU median %.2f, worst %.2f\n",
		len(wall), wall[len(wall)/2], wall[len(wall)-1], user[len(user)/2], user[len(user)-1])
	if len(slow) > 0 {
		text += "more user CPU than Nix: " + strings.Join(slow, ", ") + "\n"
	}
	return text
}
