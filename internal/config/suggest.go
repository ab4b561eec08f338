package config

import (
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Nearest gives the known name that a misspelt one most likely means, or nothing when none is near. Case does not count.
func Nearest(name string, known []string) string {
	best, limit := "", 1+len([]rune(name))/4
	for _, k := range known {
		if d := distance(strings.ToUpper(name), strings.ToUpper(k), limit); d <= limit {
			best, limit = k, d-1
		}
		if limit < 0 {
			break
		}
	}
	return best
}

// distance is Damerau and Levenshtein's, in the variant that counts swapped neighbours as one edit. Anything above the
// limit may come back as limit+1.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// unknown is the finding for a key that no table has.
func (r *registry) unknown(key, where string) uerr.Finding {
	return unknownKey(key, where, append(reservedKeys(), r.order...))
}

// unknownKey is the finding for a key that is none of those known.
func unknownKey(key, where string, known []string) uerr.Finding {
	f := uerr.Finding{Where: where, Problem: fmt.Sprintf("unknown key %q", clip(key))}
	if near := Nearest(key, known); near != "" {
		f.Next = fmt.Sprintf("write %s", near)
		f.Problem += fmt.Sprintf(", did you mean %s?", near)
	} else {
		f.Next = "remove it; config.example.yaml lists every name"
	}
	return f
}

// clip keeps a message short when a whole text was taken for a key.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
