package kube

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A seal tells whether the credentials in a cluster's Secrets are still those that are asked for, and whether anybody has
// edited them, without the cloud being asked. It is an annotation with keyed hashes. The key is random and in the identity
// Secret itself, so that nothing can be guessed from the annotation by those who may not read the Secret.
const (
	sealAnnotation = "slipway.sh/seal"
	SealKey        = "slipway-seal" // in the identity Secret's data; controllers read the keys that they know
	sealKeyBytes   = 32
)

// Fields of the changes that CheckSeal gives.
const (
	SealedCredentials = "credentials" // others are asked for
	SealedData        = "data"        // somebody edited the Secret
)

// Source is a keyed hash of the settings that credentials are made from.
type Source func(key []byte) []byte

// Seal puts a seal on the Secrets of a cluster, under the key of the live identity Secret if that has one.
func Seal(identity *corev1.Secret, others []*corev1.Secret, live *corev1.Secret, source Source) {
	key := sealKeyOf(live)
	if key == nil {
		key = make([]byte, sealKeyBytes)
		_, _ = rand.Read(key) // never fails
	}
	identity.Data = maps.Clone(identity.Data)
	identity.Data[SealKey] = key
	for _, s := range append([]*corev1.Secret{identity}, others...) {
		s.Annotations = maps.Clone(s.Annotations)
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[sealAnnotation] = hex.EncodeToString(source(key)) + "." + sealOfContent(key, s)
	}
}

// CheckSeal says whether a live Secret differs from what the source makes, and how. It shows nothing of either.
func CheckSeal(identity, s *corev1.Secret, source Source) (c Change, differs bool) {
	c = Change{Object: "Secret " + s.Namespace + "/" + s.Name}
	key := sealKeyOf(identity)
	made, content, _ := strings.Cut(s.Annotations[sealAnnotation], ".")
	switch {
	case key == nil || made == "":
		c.Field, c.From, c.To = SealedCredentials, "of unknown origin", "those asked for"
	case !hmac.Equal([]byte(made), []byte(hex.EncodeToString(source(key)))):
		c.Field, c.From, c.To = SealedCredentials, "those of an earlier run", "others"
	case !hmac.Equal([]byte(content), []byte(sealOfContent(key, s))):
		c.Field, c.From, c.To = SealedData, "edited", "as it was applied"
	default:
		return Change{}, false
	}
	return c, true
}

func sealKeyOf(identity *corev1.Secret) []byte {
	if identity == nil || len(identity.Data[SealKey]) != sealKeyBytes {
		return nil
	}
	return identity.Data[SealKey]
}

func sealOfContent(key []byte, s *corev1.Secret) string {
	h := hmac.New(sha256.New, key)
	for _, name := range slices.Sorted(maps.Keys(s.Data)) {
		_, _ = fmt.Fprintf(h, "%d:%s%d:", len(name), name, len(s.Data[name])) // a hash takes everything
		_, _ = h.Write(s.Data[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}
