package capi

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	clusterctlv1 "sigs.k8s.io/cluster-api/cmd/clusterctl/api/v1alpha3"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/cluster"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/config"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/repository"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// oneClient makes clusterctl use one connection for all: by itself it makes a client, with its own discovery, for every
// object it applies.
type oneClient struct {
	cluster.Proxy
	mu     sync.Mutex
	client client.Client
}

// NewClient returns the same client each time, once there is one.
func (o *oneClient) NewClient(ctx context.Context) (client.Client, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.client != nil {
		return o.client, nil
	}
	c, err := o.Proxy.NewClient(ctx)
	if err == nil {
		o.client = c
	}
	return c, err
}

// folder is a repository folder as clusterctl wants to see it. clusterctl's own client for folders also looks for
// overrides below the user's configuration folder, and makes that folder; this one reads nothing but the repository.
type folder struct{ path string }

func (f folder) client(ctx context.Context, p config.Provider, cfg config.Client, _ ...repository.Option) (repository.Client, error) {
	known := Provider{Name: p.Name(), Type: p.Type()}
	versions, err := os.ReadDir(filepath.Join(f.path, known.Label()))
	if err != nil {
		return nil, fmt.Errorf("repository: %w", err)
	}
	for _, v := range versions {
		if v.IsDir() && v.Name()[0] == 'v' {
			known.Version = v.Name() // any will do: what is read later names its version
		}
	}
	file := filepath.Join(known.folder(f.path), known.ComponentsFile())
	inner, err := repository.New(ctx, config.NewProvider(p.Name(), fileURL(file), p.Type()), cfg)
	return folderClient{Client: inner, provider: known, path: f.path}, err
}

// folderClient replaces the one method that looks elsewhere.
type folderClient struct {
	repository.Client
	provider Provider
	path     string
}

// Metadata reads the metadata of a version.
func (f folderClient) Metadata(version string) repository.MetadataClient {
	p := f.provider
	p.Version = version
	return metadata(filepath.Join(p.folder(f.path), MetadataFile))
}

// metadata is the path of a metadata.yaml.
type metadata string

// Get parses the file.
func (m metadata) Get(context.Context) (*clusterctlv1.Metadata, error) {
	raw, err := os.ReadFile(string(m))
	if err != nil {
		return nil, err
	}
	parsed := &clusterctlv1.Metadata{}
	if err := yaml.Unmarshal(raw, parsed); err != nil {
		return nil, fmt.Errorf("%s: %w", string(m), err)
	}
	return parsed, nil
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }
