package vsphere

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const keySSH = "VSPHERE_SSH_AUTHORIZED_KEY"

// checkSSHKey never repeats the value: somebody may have pasted the private half.
func (i *inspection) checkSSHKey(context.Context) uerr.Findings {
	key := strings.TrimSpace(i.config().String(keySSH))
	switch {
	case key == "":
		return i.warn(keySSH, keySSH+" is not set: nobody can log in to the machines", "set it to the public key to log in with")
	case strings.Contains(key, "PRIVATE KEY"):
		return i.refuse(keySSH, keySSH+" holds a private key", "set it to the public one, the file that ends in .pub; treat the private one as known")
	case !isPublicKey(key):
		return i.refuse(keySSH, keySSH+" is no public key of OpenSSH's format", "set it to one line such as: ssh-ed25519 AAAA... you@example.org")
	}
	return nil
}

// isPublicKey compares the type in front with the one inside: base64 of length, type, key (RFC 4253, section 6.6).
func isPublicKey(line string) bool {
	fields := strings.Fields(line)
	if len(fields) < 2 || strings.ContainsAny(line, "\r\n") {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(raw) < 4 {
		return false
	}
	n := binary.BigEndian.Uint32(raw)
	return uint64(len(raw)) > uint64(n)+4 && string(raw[4:4+n]) == fields[0]
}
