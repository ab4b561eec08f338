package vsphere

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// version is a Kubernetes version with the build that image makers append: v1.36.3+vmware.2-tkg.1. Semantic versioning
// gives builds no order; those of images have one, number by number.
type version struct {
	numbers [3]int
	pre     string // "rc.1"
	build   string // "vmware.2-tkg.1"
}

// parseVersion reads a version with or without the leading v. ok is false for anything else.
func parseVersion(text string) (v version, ok bool) {
	pattern := regexp.MustCompile(`^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$`)
	m := pattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return version{}, false
	}
	for i := range v.numbers {
		n, err := strconv.Atoi(m[i+1])
		if err != nil {
			return version{}, false
		}
		v.numbers[i] = n
	}
	v.pre, v.build = m[4], m[5]
	return v, true
}

// String spells the version as Cluster API wants it, with the leading v.
func (v version) String() string {
	var b strings.Builder
	b.WriteString("v" + strconv.Itoa(v.numbers[0]) + "." + strconv.Itoa(v.numbers[1]) + "." + strconv.Itoa(v.numbers[2]))
	if v.pre != "" {
		b.WriteString("-" + v.pre)
	}
	if v.build != "" {
		b.WriteString("+" + v.build)
	}
	return b.String()
}

// satisfies says whether an image of version v serves a request: a request without a build takes any build.
func (v version) satisfies(want version) bool {
	return v.numbers == want.numbers && v.pre == want.pre && (want.build == "" || v.build == want.build)
}

// compare orders versions, the older first; a pre-release comes before its release, and builds count.
func (v version) compare(o version) int {
	for i := range v.numbers {
		if c := cmp.Compare(v.numbers[i], o.numbers[i]); c != 0 {
			return c
		}
	}
	if (v.pre == "") != (o.pre == "") {
		return strings.Compare(o.pre, v.pre) // the empty one is the release, and newer
	}
	if c := compareParts(v.pre, o.pre); c != 0 {
		return c
	}
	return compareParts(v.build, o.build)
}

// compareParts compares dotted and dashed words, numbers as numbers: vmware.10 is newer than vmware.9.
func compareParts(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' })
	}
	left, right := split(a), split(b)
	for i := range min(len(left), len(right)) {
		x, errX := strconv.Atoi(left[i])
		y, errY := strconv.Atoi(right[i])
		c := strings.Compare(left[i], right[i])
		if errX == nil && errY == nil {
			c = cmp.Compare(x, y)
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(left), len(right))
}
