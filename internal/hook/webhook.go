package hook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/cloudevents/sdk-go/v2/event"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/slipway-sh/slipway/internal/config"
)

// An event is tried five times within a minute: after half a second, one, two and four, each give or take a half.
const (
	attempts   = 5
	firstPause = 500 * time.Millisecond
	factor     = 2
	inTotal    = time.Minute
)

const largestAnswer = 64 << 10 // of which nothing is used; read, a connection serves again

// web posts events.
type web struct {
	client   *http.Client
	attempts uint
	first    time.Duration
	total    time.Duration
}

// tell posts until the receiver has it, or will not have it.
func (w *web) tell(ctx context.Context, h config.Hook, m message) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.Multiplier = w.first, factor
	var last error
	once := func() (struct{}, error) {
		last = w.post(ctx, h, m)
		return struct{}{}, last
	}
	_, err := backoff.Retry(ctx, once, backoff.WithBackOff(pauses), backoff.WithMaxTries(w.attempts), backoff.WithMaxElapsedTime(w.total))
	if err != nil && ctx.Err() != nil && !errors.Is(last, err) {
		return fmt.Errorf("%w; before that: %w", err, last)
	}
	return err
}

// post tries once. The time in the signature is that of the attempt: receivers refuse what is old.
func (w *web) post(ctx context.Context, h config.Hook, m message) error {
	limit := cmp.Or(h.Timeout, config.WebhookTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.Webhook.Reveal(), bytes.NewReader(m.body))
	if err != nil {
		return backoff.Permanent(withoutURL(err))
	}
	r.Header.Set("Content-Type", event.ApplicationCloudEventsJSON+"; charset=utf-8")
	r.Header.Set("User-Agent", "slipway")
	if err := sign(r.Header, h, m, time.Now()); err != nil {
		return backoff.Permanent(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		return refusedConnection(ctx, err)
	}
	defer response.Body.Close()                                              //nolint:errcheck // only read
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, largestAnswer)) // the status has said all there is to know
	return answered(response)
}

// sign adds the headers of the Standard Webhooks specification.
func sign(header http.Header, h config.Hook, m message, now time.Time) error {
	header.Set(standardwebhooks.HeaderWebhookID, m.id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	if h.Secret.Empty() {
		return nil
	}
	key, err := standardwebhooks.NewWebhook(h.Secret.Reveal())
	if err != nil {
		return errors.New("the key of the signature is not base64") // the cause may quote it
	}
	signature, err := key.Sign(m.id, now, m.body)
	if err != nil {
		return err
	}
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return nil
}

// refusedConnection is worth another attempt unless the certificate is what is wrong.
func refusedConnection(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	err = withoutURL(err)
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		return backoff.Permanent(err)
	}
	return err
}

// withoutURL leaves out what may be a password.
func withoutURL(err error) error {
	var with *url.Error
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}

// answered makes an error of an answer that is not one of success.
func answered(r *http.Response) error {
	err := fmt.Errorf("the answer is %d %s", r.StatusCode, http.StatusText(r.StatusCode))
	switch {
	case r.StatusCode/100 == 2:
		return nil
	case r.StatusCode/100 == 3:
		if to, bad := r.Location(); bad == nil {
			err = fmt.Errorf("%w: it has moved to %s, which is not followed", err, to.Host)
		}
	case r.StatusCode/100 == 5 || r.StatusCode == http.StatusTooManyRequests:
		if wait, ok := retryAfter(r.Header.Get("Retry-After"), time.Now()); ok {
			return fmt.Errorf("%w: %w", err, &backoff.RetryAfterError{Duration: wait})
		}
		return err
	}
	return backoff.Permanent(err)
}

// retryAfter reads the header, which is in seconds or a time of day.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}
