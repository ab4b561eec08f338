package hook

import "time"

// Hurry has a sender wait for less than people do.
func (s *Sender) Hurry(firstPause, patience, impatience time.Duration) {
	s.web.first, s.patience, s.impatience = firstPause, patience, impatience
}
