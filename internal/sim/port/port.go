// Package port finds ports of this machine for servers that want to be told one before they listen.
package port

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports below those that operating systems give to connections and to listeners that name none (Linux from 32768 on,
// others from 49152 on), and below 19000 and 20000 to 30000, which upstream's provider for development counts through
// without asking: nobody comes by one of these in the time until the server listens.
const lowest, highest = 10_000, 18_999

// Free is a port that nobody listens on.
func Free() (int, error) { return free(lowest, highest) }

// free begins anywhere in the range, so that simulators that start at once do not all take the same port.
func free(low, high int) (int, error) {
	count := high - low + 1
	first := rand.IntN(count) //nolint:gosec // nothing is kept secret by it
	var last error
	for n := range count {
		port := low + (first+n)%count
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port)) //nolint:noctx,gosec // closed at once; all addresses, as the server may want
		if err != nil {
			last = err
			continue
		}
		return port, l.Close()
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", low, high, last)
}
