package config

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// phrase says in words what a value of the type is.
func (t Type) phrase() string {
	switch t {
	case TypeInt:
		return "a whole number"
	case TypeBool:
		return "true or false"
	case TypeDuration:
		return "a duration"
	case TypeCIDR:
		return "an address range"
	case TypeHost:
		return "a host name or an IP address"
	case TypePath:
		return "a name or a path in the inventory"
	case TypeVersion:
		return "a Kubernetes version"
	case TypePublicKey:
		return "an SSH public key"
	case TypeURL:
		return "a URL"
	case TypeBase64:
		return "text in base64"
	}
	return "a text"
}

// sample is a value of the type, to show how it is written.
func (t Type) sample() string {
	switch t {
	case TypeInt:
		return "3"
	case TypeBool:
		return "true"
	case TypeDuration:
		return "30m"
	case TypeCIDR:
		return "10.0.0.0/16"
	case TypeHost:
		return "192.0.2.10"
	case TypePath:
		return "/dc0/vm/folder"
	case TypeVersion:
		return "v1.36.3"
	case TypePublicKey:
		return "'ssh-ed25519 AAAA… name'"
	case TypeURL:
		return "http://proxy.example.org:3128"
	}
	return "value"
}

// check says what is wrong with a text as a value of the variable, in words that never hold the text of a secret.
func (v Variable) check(text string) error {
	if err := v.checkType(text); err != nil {
		return err
	}
	if v.Pattern != "" && !regexp.MustCompile(v.Pattern).MatchString(text) {
		return v.refuse(text, "is not "+v.PatternHint)
	}
	if v.Role == RoleName {
		return v.checkName(text)
	}
	return nil
}

func (v Variable) checkType(text string) error {
	switch v.Type {
	case TypeInt:
		return v.checkInt(text)
	case TypeDuration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return v.refuse(text, "is not a duration such as 30m or 1h30m")
		}
		if d <= 0 {
			return v.refuse(text, "is not longer than zero")
		}
	case TypeCIDR:
		_, err := parseCIDR(text)
		return v.explain(text, err)
	case TypeHost:
		return v.explain(text, checkHost(text))
	case TypeEnum:
		if !slices.Contains(v.Values, text) {
			return v.refuse(text, "is not one of "+strings.Join(v.Values, ", "))
		}
	case TypePublicKey:
		return checkPublicKey(v.Name, text)
	default:
		return v.checkText(text)
	}
	return nil
}

func (v Variable) checkText(text string) error {
	switch v.Type {
	case TypeBool:
		if _, err := parseBool(text); err != nil {
			return v.refuse(text, "is not true or false")
		}
	case TypePath:
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
			return v.refuse(text, "holds a line break or another control character")
		}
	case TypeVersion:
		if !regexp.MustCompile(`^v?1\.\d+(\.\d+([+-][0-9A-Za-z.+-]+)?)?$`).MatchString(text) {
			return v.refuse(text, "is not a Kubernetes version such as v1.36.3")
		}
	case TypeURL:
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("%s is not a URL that starts with http:// or https://", v.Name)
		}
	case TypeBase64:
		if _, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return fmt.Errorf("%s is not base64", v.Name)
		}
	}
	return nil
}

// refuse builds an error that shows the value unless it is secret.
func (v Variable) refuse(text, why string) error {
	if v.Secret {
		return fmt.Errorf("%s %s", v.Name, why)
	}
	return fmt.Errorf("%s %q %s", v.Name, clip(text), why)
}

func (v Variable) explain(text string, err error) error {
	if err == nil {
		return nil
	}
	return v.refuse(text, err.Error())
}

func (v Variable) checkInt(text string) error {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return v.refuse(text, "is not a whole number")
	case v.Min == 0 && v.Max == 0:
		return nil
	case n < v.Min:
		return v.refuse(text, fmt.Sprintf("is less than %d", v.Min))
	case v.Max != 0 && n > v.Max:
		return v.refuse(text, fmt.Sprintf("is more than %d", v.Max))
	case v.Role == RoleOdd && n%2 == 0:
		return v.refuse(text, "is even: etcd's members vote, and an even number tolerates no more failures")
	}
	return nil
}

// checkName wants what Kubernetes takes as the name of a cluster and as a host name made from it.
func (v Variable) checkName(text string) error {
	const most = 63
	if len(text) > most || !regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`).MatchString(text) {
		return v.refuse(text, fmt.Sprintf("is no DNS label: use a-z, 0-9 and -, at most %d characters, no - at an end", most))
	}
	return nil
}

// parseBool accepts what YAML 1.1 and Go accept; files of TKG were read with both.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "yes", "on", "y":
		return true, nil
	case "no", "off", "n", "":
		return false, nil
	}
	return strconv.ParseBool(strings.ToLower(text))
}

// parseCIDR reads an address range whose host bits are zero.
func parseCIDR(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return p, errors.New("is not an address range such as 10.0.0.0/16")
	case p.Addr().Is4In6():
		return p, errors.New("is an IPv4 range in IPv6 form")
	case p != p.Masked():
		return p, fmt.Errorf("has host bits set; the range is %s", p.Masked())
	}
	return p, nil
}

// checkHost wants a DNS name or an address, without scheme, port or path.
func checkHost(text string) error {
	if _, err := netip.ParseAddr(text); err == nil {
		return nil
	}
	if strings.Contains(text, "://") {
		return errors.New("starts with a scheme: give the host only")
	}
	if strings.ContainsAny(text, "/?#@") {
		return errors.New("is not a host: give neither path nor user")
	}
	if _, err := netip.ParseAddrPort(text); err == nil || regexp.MustCompile(`^[^:]+:\d+$`).MatchString(text) {
		return errors.New("ends with a port: give the host only")
	}
	if regexp.MustCompile(`^[0-9.]+$`).MatchString(text) {
		return errors.New("is not an IP address")
	}
	const most = 253
	label := `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	if len(text) > most || !regexp.MustCompile(`^`+label+`(\.`+label+`)*\.?$`).MatchString(text) {
		return errors.New("is neither a host name nor an IP address")
	}
	return nil
}

// checkPublicKey reads a line of an authorized_keys file without options. The text is never shown: it may be a private
// key put there by mistake.
func checkPublicKey(name, text string) error {
	if strings.Contains(text, "PRIVATE KEY") {
		return fmt.Errorf("%s holds a private key", name)
	}
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return fmt.Errorf("%s is no public key: want a type, a key and a comment, as in a .pub file", name)
	}
	types := []string{
		"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
	}
	if !slices.Contains(types, fields[0]) {
		return fmt.Errorf("%s is no public key: it does not start with one of %s", name, strings.Join(types[:3], ", "))
	}
	raw, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return fmt.Errorf("%s is cut or broken: the second word is not base64", name)
	}
	const lengthBytes = 4
	if len(raw) < lengthBytes || uint64(len(raw)-lengthBytes) < uint64(binary.BigEndian.Uint32(raw)) {
		return fmt.Errorf("%s is cut: the key is too short", name)
	}
	if string(raw[lengthBytes:lengthBytes+binary.BigEndian.Uint32(raw)]) != fields[0] {
		return fmt.Errorf("%s is mixed up: the key inside is not of type %s", name, fields[0])
	}
	return nil
}
