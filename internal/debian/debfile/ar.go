package debfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const (
	arMagic    = "!<arch>\n"
	arHeader   = 60
	maxMembers = 8
)

// member is one file of an ar archive.
type member struct {
	name string
	data []byte
}

// readAr reads an ar archive: a magic line, then for each member a header of 60
// characters and its contents, padded by a newline to an even length.
func readAr(b []byte) ([]member, error) {
	if !strings.HasPrefix(string(b[:min(len(b), len(arMagic))]), arMagic) {
		return nil, errors.New("it is not a .deb: the ar archive's magic is missing")
	}
	b = b[len(arMagic):]
	var out []member
	for len(b) > 0 {
		if len(out) == maxMembers {
			return nil, fmt.Errorf("ar archive: more than %d members", maxMembers)
		}
		m, rest, err := readMember(b)
		if err != nil {
			return nil, fmt.Errorf("ar archive, member %d: %w", len(out)+1, err)
		}
		out = append(out, m)
		b = rest
	}
	return out, nil
}

func readMember(b []byte) (m member, rest []byte, err error) {
	if len(b) < arHeader {
		return m, nil, errors.New("the header is cut off")
	}
	head, b := string(b[:arHeader]), b[arHeader:]
	if head[58:] != "`\n" {
		return m, nil, errors.New("the header does not end as it should")
	}
	m.name = strings.TrimSuffix(strings.TrimRight(head[:16], " "), "/")
	size, err := strconv.ParseUint(strings.TrimRight(head[48:58], " "), 10, 40)
	if err != nil {
		return m, nil, fmt.Errorf("size %q is not a number", head[48:58])
	}
	if size > uint64(len(b)) {
		return m, nil, fmt.Errorf("it claims %d bytes, %d are left", size, len(b))
	}
	m.data, b = b[:size], b[size:]
	if size%2 == 1 && len(b) > 0 {
		if b[0] != '\n' {
			return m, nil, errors.New("the padding is not a newline")
		}
		b = b[1:]
	}
	return m, b, nil
}
