package apiserver

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/slipway-sh/slipway/internal/plane/pki"
)

// The store has one member: it need not wait long to elect itself, and nobody else ever connects to it as a peer.
const (
	tick       = 10 * time.Millisecond
	election   = 100 * time.Millisecond
	noPeer     = "http://127.0.0.1:1"
	memberName = "plane"
	quotaBytes = 4 << 30
)

// store is the etcd of this process.
type store struct {
	*embed.Etcd
	log zap.AtomicLevel
}

// close silences it first: it would report the end of its own listeners as errors.
func (s *store) close() {
	s.log.SetLevel(zap.FatalLevel)
	s.Close()
}

// startEtcd runs etcd in this process. Its clients need a certificate of the plane's authority: loopback alone would
// let every user of the machine read the Secrets.
func startEtcd(o Options, port int) (*store, error) {
	listen, err := url.Parse(fmt.Sprintf("https://127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse(noPeer)
	if err != nil {
		return nil, err
	}
	cfg := embed.NewConfig()
	cfg.Name = memberName
	cfg.Dir = filepath.Join(o.Dir, "etcd")
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{*listen}, []url.URL{*listen}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = nil, []url.URL{*peer}
	cfg.InitialCluster = memberName + "=" + noPeer
	cfg.ClientTLSInfo = transport.TLSInfo{
		CertFile: o.PKI.Path(certEtcd + ".crt"), KeyFile: o.PKI.Path(certEtcd + ".key"),
		TrustedCAFile: o.PKI.Path(certEtcdCA + ".crt"), ClientCertAuth: true,
	}
	cfg.TickMs, cfg.ElectionMs = uint(tick.Milliseconds()), uint(election.Milliseconds())
	cfg.QuotaBackendBytes = quotaBytes
	cfg.UnsafeNoFsync = o.NoFsync
	cfg.EnableGRPCGateway = false
	logging := zap.NewProductionConfig()
	logging.Level = zap.NewAtomicLevelAt(zap.ErrorLevel)
	logging.DisableStacktrace = true
	log, err := logging.Build()
	if err != nil {
		return nil, err
	}
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(log)
	etcd, err := embed.StartEtcd(cfg)
	return &store{Etcd: etcd, log: logging.Level}, err
}

// awaitEtcd ends when the member has elected itself.
func awaitEtcd(ctx context.Context, etcd *store) error {
	select {
	case <-etcd.Server.ReadyNotify():
		return nil
	case err := <-etcd.Err():
		return fmt.Errorf("etcd: %w", err)
	case <-ctx.Done():
		return fmt.Errorf("etcd did not become ready: %w", context.Cause(ctx))
	}
}

// certificates makes what etcd and its one client present to each other.
func etcdCertificates(dir pki.Dir) error {
	ca, err := dir.Authority(certEtcdCA)
	if err != nil {
		return err
	}
	server := pki.Request{CommonName: "etcd", Both: true, DNSNames: []string{"localhost"}, Addresses: loopback()}
	if _, err := dir.Certificate(certEtcd, ca, server); err != nil {
		return err
	}
	_, err = dir.Certificate(certEtcdClient, ca, pki.Request{CommonName: "kube-apiserver"})
	return err
}
