package ntoml

import (
	"strconv"
	"strings"
)

func isDate(s string) bool { return len(s) >= 10 && s[4] == '-' && s[7] == '-' && allDigits(s[:4]) }
func isTime(s string) bool { return len(s) >= 5 && s[2] == ':' && allDigits(s[:2]) }

// normalTime writes a date, a time or both in one form: a T between them, Z for
// UTC, fractions of three, six or nine digits. title is empty, or says what is
// wrong.
func normalTime(s string) (normal, title string) {
	if isTime(s) {
		t, rest := clock(s)
		if t == "" || rest != "" {
			return "", "toml::parse_local_time: invalid time."
		}
		return t, ""
	}
	if !validDate(s[:10]) {
		return "", "toml::parse_local_date: invalid date."
	}
	if len(s) == 10 {
		return s, ""
	}
	t, zone := clock(s[11:])
	if strings.IndexByte("Tt ", s[10]) < 0 || t == "" {
		return "", "bad datetime: invalid format"
	}
	if zone = strings.ToUpper(zone); zone != "" && zone != "Z" && !validOffset(zone) {
		return "", "toml::parse_offset_datetime: invalid offset."
	}
	return s[:10] + "T" + t + zone, ""
}

// clock reads hh:mm:ss with a fraction; rest is what follows it.
func clock(s string) (t, rest string) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' || !within(s[:2], 0, 23) || !within(s[3:5], 0, 59) || !within(s[6:8], 0, 60) {
		return "", s
	}
	t, rest = s[:8], s[8:]
	if !strings.HasPrefix(rest, ".") {
		return t, rest
	}
	n := 1
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if n == 1 {
		return "", s
	}
	fraction := (rest[1:n] + "00000000")[:9]
	switch {
	case fraction == "000000000":
		fraction = ""
	case fraction[3:] == "000000":
		fraction = "." + fraction[:3]
	case fraction[6:] == "000":
		fraction = "." + fraction[:6]
	default:
		fraction = "." + fraction
	}
	return t + fraction, rest[n:]
}

func within(s string, low, high int) bool {
	n, err := strconv.Atoi(s)
	return allDigits(s) && err == nil && n >= low && n <= high
}

func validDate(s string) bool {
	if !within(s[:4], 0, 9999) || !within(s[5:7], 1, 12) {
		return false
	}
	year, _ := strconv.Atoi(s[:4])
	month, _ := strconv.Atoi(s[5:7])
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days++
	}
	return within(s[8:], 1, days)
}

func validOffset(s string) bool {
	return len(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':' && within(s[1:3], 0, 23) && within(s[4:], 0, 59)
}
