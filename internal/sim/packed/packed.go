// Package packed reads what the user data of machines may hold in gzip.
package packed

import (
	"bytes"
	"compress/gzip"
	"io"
)

// Unpack gives the content of gzip; what is no gzip it gives back.
func Unpack(raw []byte) ([]byte, error) {
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
