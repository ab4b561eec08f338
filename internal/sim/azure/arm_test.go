package azure

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestEveryCallIsChecked(t *testing.T) {
	l := newLab(t)
	sub := "/subscriptions/" + testSubscription
	l.run(
		step{"GET", sub + "?", nil, 400, "MissingApiVersionParameter", 0},
		step{"GET", sub + "?api-version=latest", nil, 400, "InvalidApiVersionParameter", 0},
		step{"GET", "/subscriptions/other", nil, 404, "SubscriptionNotFound", 0},
		step{"GET", sub + "/secrets", nil, 404, "InvalidResourceType", 0},
		step{"PUT", testGroup, "{", 400, "InvalidRequestContent", 0},
		step{"PATCH", testGroup, object{}, 404, "InvalidResourceType", 0},
		step{"GET", testGroup, nil, 404, "ResourceGroupNotFound", 0},
		step{"GET", testNetwork, nil, 404, "ResourceGroupNotFound", 0},
		step{"PUT", testNetwork, network1("10.1.0.0/16"), 404, "ResourceGroupNotFound", 0},
		step{"PUT", testGroup, object{"location": "East US"}, 201, "", 0},
		step{"GET", testNetwork, nil, 404, "ResourceNotFound", 0},
		step{"PUT", testNetwork + "/subnets/nodes", subnet("10.1.0.0/22", ""), 404, "ParentResourceNotFound", 0},
		step{"PUT", testNetwork, object{"location": "moon"}, 400, "LocationNotAvailableForResourceType", 0},
		step{"PUT", testNetwork, object{}, 400, "LocationRequired", 0},
	)
	_, _, header := l.call("GET", sub, nil)
	if header.Get("X-Ms-Request-Id") == "" || header.Get("X-Ms-Ratelimit-Remaining-Subscription-Reads") == "" {
		t.Errorf("headers: %v", header)
	}
	calls := l.Calls()
	unknown := slices.IndexFunc(calls, func(c Call) bool { return c.Method == "unknown:GET" && c.Object == sub+"/secrets" })
	if unknown < 0 {
		t.Errorf("the unknown call is not in the log: %v", calls)
	}
}

func TestOnlyHostsOfAzureAreServed(t *testing.T) {
	l := newLab(t)
	config := l.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com"
	conn, err := tls.Dial("tcp", l.Address(), config)
	if err == nil {
		conn.Close()
		t.Error("another host is served")
	}
}

func TestIdsHaveNoCase(t *testing.T) {
	l := newLab(t)
	l.network()
	got := l.read(strings.ToUpper(testNetwork) + "/SUBNETS/Nodes")
	if got.text("id") != testNetwork+"/subnets/nodes" {
		t.Errorf("id: %v", got)
	}
	l.run(
		step{"PUT", strings.ToLower(testNetwork), network1("10.1.0.0/16"), 200, "", shortTime},
		step{"PUT", strings.ToLower(testNetwork) + "/SUBNETS/More", subnet("10.1.9.0/24", ""), 201, "", shortTime},
		step{"PUT", strings.ToLower(testGroup) + "2", object{"location": "eastus"}, 201, "", 0},
	)
	for _, path := range []string{testNetwork + "/subnets/More", testGroup + "2"} {
		if got := l.read(path).text("id"); got != path {
			t.Errorf("id: %s, want %s", got, path)
		}
	}
	if got := l.names(testGroup + "/providers/Microsoft.Network/virtualNetworks"); got != "net" {
		t.Errorf("networks: %s", got)
	}
}

func TestFaults(t *testing.T) {
	l := newLab(t)
	l.Fail("Microsoft.Resources/subscriptions/resourceGroups/write", 2)
	put := func(status int, code string) step {
		return step{"PUT", testGroup, object{"location": "eastus"}, status, code, 0}
	}
	l.run(put(503, "ServerTimeout"), put(503, "ServerTimeout"), put(201, ""))
	l.Fail("Microsoft.Resources/subscriptions/resourceGroups/write", 1)
	l.Fail("Microsoft.Resources/subscriptions/resourceGroups/write", 0)
	l.run(put(200, ""))
}

func TestPolling(t *testing.T) {
	l := newLab(t)
	l.network()
	status, body, header := l.call("PUT", testCluster, cluster())
	poll := header.Get("Azure-Asyncoperation")
	if status != 201 || poll == "" || header.Get("Retry-After") == "" || body.text("properties", "provisioningState") != "Creating" {
		t.Fatalf("create: %d %v %v", status, header, body)
	}
	for _, want := range []string{"InProgress", "Succeeded"} {
		_, got, header := l.call("GET", poll, nil)
		if got.text("status") != want || (header.Get("Retry-After") != "") != (want == "InProgress") {
			t.Errorf("operation: %v %v, want %s", got, header, want)
		}
		if ended := got.text("endTime") != ""; ended != (want == "Succeeded") {
			t.Errorf("operation: %v", got)
		}
		l.clock.pass(longTime)
	}
	result := strings.Replace(poll, "/operations/", "/operationresults/", 1)
	if got := l.read(result); got.text("id") != testCluster {
		t.Errorf("result: %v", got)
	}
	_, _, header = l.call("DELETE", testCluster, nil)
	where := header.Get("Location")
	l.run(step{"GET", where, nil, 202, "", longTime}, step{"GET", where, nil, 204, "", 0}, step{"GET", testCluster, nil, 404, "ResourceNotFound", 0})
	if got := l.read(header.Get("Azure-Asyncoperation")); got.text("status") != "Succeeded" {
		t.Errorf("deletion: %v", got)
	}
	l.run(step{"GET", strings.Replace(where, "operationresults/", "operationresults/x", 1), nil, 404, "NotFound", 0})
}

func TestBrokenOperation(t *testing.T) {
	l := newLab(t)
	l.network()
	l.Break(actionPutCluster, "AllocationFailed", "no room in eastus")
	_, _, header := l.call("PUT", testCluster, cluster())
	l.clock.pass(longTime)
	got := l.read(header.Get("Azure-Asyncoperation"))
	if got.text("status") != "Failed" || got.text("error", "code") != "AllocationFailed" || got.text("error", "message") != "no room in eastus" {
		t.Errorf("operation: %v", got)
	}
	for _, path := range []string{testCluster, testCluster + "/agentPools/system"} {
		if got := l.read(path).text("properties", "provisioningState"); got != "Failed" {
			t.Errorf("%s: %s", path, got)
		}
	}
	l.run(step{"PUT", testCluster, cluster(), 200, "", longTime})
	if got := l.read(testCluster).text("properties", "provisioningState"); got != "Succeeded" {
		t.Errorf("after another PUT: %s", got)
	}
}

func TestThrottle(t *testing.T) {
	l := newLab(t, func(o *Options) { o.Throttle = true })
	l.network()
	put := func(status int, code string, then time.Duration) step {
		return step{"PUT", testCluster, cluster(), status, code, then}
	}
	l.run(put(201, "", 0))
	for range burst - 1 {
		l.run(put(409, "OperationNotAllowed", 0))
	}
	l.run(put(429, "TooManyRequests", 0))
	_, _, header := l.call("PUT", testCluster, cluster())
	wait, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || wait != 60 {
		t.Errorf("Retry-After: %v", header)
	}
	l.clock.pass(time.Duration(wait) * time.Second)
	l.run(put(200, "", 0), put(429, "TooManyRequests", 0))
	l.run(step{"GET", testCluster, nil, 200, "", 0})
}
