package sandbox

import (
	"sort"

	"golang.org/x/sys/unix"
)

// A seccomp filter is a classic BPF program over struct seccomp_data
// (linux/seccomp.h): the system call's number at offset 0, the architecture at
// 4 and six 64-bit arguments from 16 on, little-endian here, so that an
// argument's low half comes first.
const (
	offNr   = 0
	offArch = 4
	offArgs = 16
)

func offArgLow(i int) uint32 { return uint32(offArgs + 8*i) }

// program is a BPF program under construction. Jumps in BPF are relative and
// forward; code is therefore made as slices that are put one behind another.
type program []unix.SockFilter

func stmt(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }

func jump(code uint16, k uint32, jt, jf uint8) unix.SockFilter {
	return unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k}
}

func load(off uint32) unix.SockFilter { return stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, off) }

func ret(action uint32) unix.SockFilter { return stmt(unix.BPF_RET|unix.BPF_K, action) }

// rule says what becomes of the system calls from its number up to the next
// rule's.
type rule struct {
	from uint32
	code program // ends in a return on every way through
}

// tree makes a binary search over rules, which must be sorted by number, so
// that a system call costs some seven comparisons and not one for each rule.
// The accumulator holds the number and is not changed before a leaf.
func tree(rules []rule) program {
	if len(rules) == 1 {
		return rules[0].code
	}
	mid := len(rules) / 2
	low, high := tree(rules[:mid]), tree(rules[mid:])
	if len(low) <= 255 {
		p := program{jump(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, rules[mid].from, uint8(len(low)), 0)}
		return append(append(p, low...), high...)
	}
	p := program{
		jump(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, rules[mid].from, 0, 1),
		stmt(unix.BPF_JMP|unix.BPF_JA, uint32(len(low))),
	}
	return append(append(p, low...), high...)
}

// table is one architecture's system calls: everything up to last is allowed
// unless it is an exception, and everything above is unknown.
type table struct {
	last       uint32
	exceptions map[uint32]program
}

func (t table) rules() []rule {
	numbers := make([]uint32, 0, len(t.exceptions))
	for n := range t.exceptions {
		numbers = append(numbers, n)
	}
	sort.Slice(numbers, func(i, j int) bool { return numbers[i] < numbers[j] })
	allowed := program{ret(unix.SECCOMP_RET_ALLOW)}
	var out []rule
	next := uint32(0)
	for _, n := range numbers {
		if n > next {
			out = append(out, rule{next, allowed})
		}
		out = append(out, rule{n, t.exceptions[n]})
		next = n + 1
	}
	if next <= t.last {
		out = append(out, rule{next, allowed})
		next = t.last + 1
	}
	return append(out, rule{next, program{ret(errnoAction(unix.ENOSYS))}})
}

func errnoAction(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
