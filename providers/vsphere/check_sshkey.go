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

// isPublicKey compares the type in front with the one inside, and walks what follows it to the end: the base64 holds
// texts, each after its length (RFC 4253, section 6.6).
func isPublicKey(line string) bool {
	fields := strings.Fields(line)
	if len(fields) < 2 || strings.ContainsAny(line, "\r\n") {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(fields[1])
	texts := 0
	for ; err == nil && len(raw) >= 4; texts++ {
		n := uint64(binary.BigEndian.Uint32(raw))
		if uint64(len(raw)) < n+4 || texts == 0 && string(raw[4:4+n]) != fields[0] {
			return false
		}
		raw = raw[4+n:]
	}
	return err == nil && texts > 1 && len(raw) == 0
}
