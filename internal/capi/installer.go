package capi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/cluster"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/config"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/repository"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/yamlprocessor"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// Installer puts Cluster API and one infrastructure provider into a management cluster. Whatever serves cert-manager's
// API there is not its business; it only checks that something does.
type Installer struct {
	Kubeconfig     string            // path
	Context        string            // empty means the file's current one
	Infrastructure string            // clusterctl's name of the infrastructure provider
	Version        string            // of the infrastructure provider: "v1.14.0"
	Variables      map[string]string // clusterctl's, such as EXP_NODE_ANTI_AFFINITY; they win over Slipway's defaults
	Artifacts      *Artifacts
}

// Install fetches and applies what is missing, and returns when every provider is Available and its webhooks answer. It
// can be killed at any point and called again: a provider counts as installed only when its inventory entry, which is
// written last, and its Deployment are both there. The deadline of ctx is the only time-out.
func (i *Installer) Install(ctx context.Context, note func(text string)) error {
	err := i.install(ctx, note)
	var told *uerr.Error
	if err == nil || ctx.Err() == nil || errors.As(err, &told) && told.Code != uerr.OK {
		return err
	}
	code := uerr.TimedOut
	if errors.Is(ctx.Err(), context.Canceled) {
		code = uerr.Cancelled
	}
	return &uerr.Error{Code: code, What: "the providers are not all installed", Cause: err, Next: "type the same command again: it goes on from there"}
}

func (i *Installer) install(ctx context.Context, note func(text string)) error {
	if note == nil {
		note = func(string) {}
	}
	providers := Providers(i.Infrastructure, i.Version)
	if err := i.Artifacts.EnsureAll(ctx, providers, note); err != nil {
		return err
	}
	s, err := i.session(ctx)
	if err != nil {
		return err
	}
	list, err := i.load(s, providers)
	if err != nil {
		return err
	}
	if err := s.cluster.ProviderInventory().EnsureCustomResourceDefinitions(ctx); err != nil {
		return fmt.Errorf("management cluster: %w", err)
	}
	if err := s.cluster.ProviderInventory().CheckCAPIContract(ctx, cluster.AllowCAPINotInstalled{}); err != nil {
		return fmt.Errorf("management cluster: %w", err)
	}
	if err := s.apply(ctx, list, note); err != nil {
		return err
	}
	return s.wait(ctx, list, note)
}

// session is one connection to a management cluster, with clusterctl's configuration for it.
type session struct {
	config  config.Client
	cluster cluster.Client
}

// session never lets clusterctl look for files in the user's home: its configuration is in memory.
func (i *Installer) session(ctx context.Context) (*session, error) {
	reader := config.NewMemoryReader()
	for key, value := range defaultVariables() {
		reader.Set(key, value)
	}
	for key, value := range i.Variables {
		reader.Set(key, value)
	}
	cfg, err := config.New(ctx, "", config.InjectReader(reader))
	if err != nil {
		return nil, err
	}
	kubeconfig := cluster.Kubeconfig{Path: i.Kubeconfig, Context: i.Context}
	return &session{config: cfg, cluster: cluster.New(kubeconfig, cfg,
		cluster.InjectProxy(&oneClient{Proxy: cluster.NewProxy(kubeconfig)}),
		cluster.InjectRepositoryFactory(folder{path: i.Artifacts.Folder}.client),
	)}, nil
}

// defaultVariables are Slipway's, whatever the infrastructure.
func defaultVariables() map[string]string {
	return map[string]string{
		"CLUSTER_TOPOLOGY": "true", // ClusterClass
		"EXP_RUNTIME_SDK":  "false",
		"cert-manager":     `externallyProvisioned: "true"`,
		"overridesFolder":  os.DevNull, // not the one in the user's home
		"images":           "{}",       // image names stay as upstream ships them
	}
}

// load reads the components of every provider and fills in their variables.
func (i *Installer) load(s *session, providers []Provider) ([]repository.Components, error) {
	var list []repository.Components
	for _, p := range providers {
		file := filepath.Join(p.folder(i.Artifacts.Folder), p.ComponentsFile())
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c, err := repository.NewComponents(repository.ComponentsInput{
			Provider: config.NewProvider(p.Name, fileURL(file), p.Type), ConfigClient: s.config,
			Processor: yamlprocessor.NewSimpleProcessor(), RawYaml: raw,
			Options: repository.ComponentsOptions{Version: p.Version},
		})
		if err != nil {
			return nil, fmt.Errorf("components of %s: %w", p, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// apply installs the providers that are not there yet, after clusterctl has judged the whole.
func (s *session) apply(ctx context.Context, list []repository.Components, note func(string)) error {
	missing, err := s.missing(ctx, list)
	if err != nil || len(missing) == 0 {
		return err
	}
	plan := s.cluster.ProviderInstaller()
	for _, m := range missing {
		if !m.listed {
			plan.Add(m.components)
		}
	}
	if err := plan.Validate(ctx); err != nil {
		return fmt.Errorf("providers: %w", err)
	}
	if err := s.certificates(ctx); err != nil {
		return err
	}
	for _, m := range missing {
		c := m.components
		note(fmt.Sprintf("installing %s %s", c.ManifestLabel(), c.Version()))
		one := s.cluster.ProviderInstaller()
		one.Add(c)
		if _, err := one.Install(ctx, cluster.InstallOptions{}); err != nil {
			return fmt.Errorf("install %s %s: %w", c.ManifestLabel(), c.Version(), err)
		}
	}
	return nil
}

// absent is a provider to install; listed means that the inventory has it although its Deployment is gone.
type absent struct {
	components repository.Components
	listed     bool
}

func (s *session) missing(ctx context.Context, list []repository.Components) ([]absent, error) {
	inventory, err := s.cluster.ProviderInventory().List(ctx)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	c, err := s.cluster.Proxy().NewClient(ctx)
	if err != nil {
		return nil, err
	}
	var out []absent
	for _, comps := range list {
		found := inventory.FilterByProviderNameAndType(comps.Name(), comps.Type())
		if len(found) == 0 {
			out = append(out, absent{components: comps})
			continue
		}
		if found[0].Version != comps.Version() {
			return nil, &uerr.Error{
				What:   fmt.Sprintf("the management cluster runs another version: %s, not %s", found[0].Version, comps.Version()),
				Object: "provider " + comps.ManifestLabel(),
				Next:   "use the Slipway release that installed it",
			}
		}
		there, err := deploymentsExist(ctx, c, comps)
		if err != nil {
			return nil, err
		}
		if !there {
			out = append(out, absent{components: comps, listed: true})
		}
	}
	return out, nil
}
