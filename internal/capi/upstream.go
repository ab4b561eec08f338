package capi

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/config"
	"sigs.k8s.io/cluster-api/cmd/clusterctl/client/repository"
)

// upstreamRelease downloads the components and the metadata of a release with clusterctl's repository client, which knows
// where each provider publishes. It goes past the overrides folder in the user's home, which is clusterctl's.
func upstreamRelease(ctx context.Context, p Provider) (Release, error) {
	var rel Release
	cfg, provider, err := releaseOf(ctx, p)
	if err != nil {
		return rel, err
	}
	repo, err := repository.NewGitHubRepository(ctx, provider, cfg.Variables())
	if err != nil {
		return rel, err
	}
	if rel.Components, err = repo.GetFile(ctx, p.Version, repo.ComponentsPath()); err != nil {
		return rel, err
	}
	rel.Metadata, err = repo.GetFile(ctx, p.Version, MetadataFile)
	return rel, err
}

// releaseOf takes the place where a provider publishes from clusterctl's own list, at one version.
func releaseOf(ctx context.Context, p Provider) (config.Client, config.Provider, error) {
	cfg, err := config.New(ctx, "", config.InjectReader(config.NewMemoryReader()))
	if err != nil {
		return nil, nil, err
	}
	known, err := cfg.Providers().Get(p.Name, p.Type)
	if err != nil {
		return nil, nil, err
	}
	url := strings.Replace(known.URL(), "/latest/", "/"+p.Version+"/", 1)
	return cfg, config.NewProvider(p.Name, url, p.Type), nil
}

// upstream is the released components and the programs inside the images that they name.
type upstream struct {
	arch    string
	release func(context.Context, Provider) (Release, error)
	pins    string // file of the digests that tags had when they were first seen
	remote  []remote.Option
	names   []name.Option
	note    func(string)
}

func (u *upstream) fetch(ctx context.Context, p Provider, dir string) (record, error) {
	u.note(fmt.Sprintf("fetching %s", p))
	rel, err := u.release(ctx, p)
	if err != nil {
		return record{}, fmt.Errorf("release: %w", err)
	}
	list, err := p.programs(rel.Components)
	if err != nil {
		return record{}, err
	}
	var from []string
	for _, prog := range list {
		digest, err := u.fetchProgram(ctx, prog, dir)
		if err != nil {
			return record{}, err
		}
		from = append(from, "image "+digest.String())
	}
	if err := os.WriteFile(filepath.Join(dir, p.ComponentsFile()), rel.Components, 0o644); err != nil {
		return record{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, MetadataFile), rel.Metadata, 0o644); err != nil {
		return record{}, err
	}
	return record{Source: strings.Join(from, ", ")}, nil
}

// fetchProgram takes one program out of its image, at the digest that the image's tag stands for.
func (u *upstream) fetchProgram(ctx context.Context, prog program, dir string) (name.Digest, error) {
	tag, err := name.NewTag(prog.image, append([]name.Option{name.StrictValidation}, u.names...)...)
	if err != nil {
		return name.Digest{}, fmt.Errorf("image %q in the components: %w", prog.image, err)
	}
	digest, err := u.pin(ctx, tag)
	if err != nil {
		return name.Digest{}, err
	}
	if err := u.extractManager(ctx, digest, filepath.Join(dir, prog.file)); err != nil {
		return name.Digest{}, fmt.Errorf("image %s: %w", digest, err)
	}
	return digest, nil
}
