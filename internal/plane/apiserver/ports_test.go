package apiserver

import "testing"

// TestFreePortLeavesOutWhatUpstreamTakes guards the ports of clusters in memory, 19000 and 20000 to 30000.
func TestFreePortLeavesOutWhatUpstreamTakes(t *testing.T) {
	for range 200 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if port < 10000 || port >= 19000 {
			t.Fatalf("port %d", port)
		}
	}
}
