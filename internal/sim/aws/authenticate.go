package aws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// authenticate checks a request's signature, as AWS does before anything else: the same request signed with the
// inventory's key must have the same signature. What nobody signed, such as a bucket's public file, passes.
func (c *Cloud) authenticate(r *http.Request, given call) *refusal {
	authorization := r.Header.Get("Authorization")
	if authorization == "" || c.inventory.AccessKeyID == "" {
		return nil
	}
	if given.keyID != c.inventory.AccessKeyID {
		return unknownKey(given.service)
	}
	signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return &refusal{http.StatusForbidden, "IncompleteSignature", "The request has no X-Amz-Date."}
	}
	again := again(r, given.body)
	again.ContentLength = r.ContentLength
	sum := sha256.Sum256(given.body)
	hash := hex.EncodeToString(sum[:])
	if said := r.Header.Get("X-Amz-Content-Sha256"); said != "" {
		hash = said
	}
	key := sdk.Credentials{AccessKeyID: c.inventory.AccessKeyID, SecretAccessKey: c.inventory.SecretAccessKey}
	err = v4.NewSigner().SignHTTP(r.Context(), key, again, hash, given.service, given.region, signed)
	if err != nil || signature(again.Header.Get("Authorization")) != signature(authorization) {
		return badSignature(given.service)
	}
	return nil
}

// again is the request with nothing but what was signed.
func again(r *http.Request, body []byte) *http.Request {
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	out := &http.Request{
		Method: r.Method, Host: r.Host, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)),
		URL: &url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery},
	}
	for name := range strings.SplitSeq(names, ";") {
		if values := r.Header.Values(name); len(values) > 0 && name != "content-length" {
			out.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return out
}

func signature(authorization string) string {
	_, value, _ := strings.Cut(authorization, "Signature=")
	return value
}

// unknownKey and badSignature word the two refusals as the services do; EC2 has words of its own.
func unknownKey(service string) *refusal {
	if service == "ec2" {
		return &refusal{http.StatusUnauthorized, "AuthFailure", "AWS was not able to validate the provided access credentials"}
	}
	return &refusal{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
}

func badSignature(service string) *refusal {
	if service == "ec2" {
		return unknownKey(service)
	}
	return &refusal{http.StatusForbidden, "SignatureDoesNotMatch",
		"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."}
}
