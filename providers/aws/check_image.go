package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables that choose an image, and what holds without them: the image of the upstream controller's own default.
const (
	keyImage      = "AWS_AMI_ID"
	keyImageOwner = "AWS_AMI_OWNER"
	keyOSName     = "OS_NAME"
	keyOSVersion  = "OS_VERSION"
	keyArch       = "OS_ARCH"
	keyVersion    = "KUBERNETES_VERSION"

	defaultOSName    = "ubuntu"
	defaultOSVersion = "24.04"
)

// checkImage finds the image: the one that is named, or the newest of the version.
func (i *inspection) checkImage(ctx context.Context) uerr.Findings {
	if id := i.config().String(keyImage); id != "" {
		return i.namedImage(ctx, id)
	}
	c := i.config()
	owner, system := c.String(keyImageOwner), operatingSystem(c)
	found, err := i.cloud.published(ctx, owner, namePattern(system, i.request.KubernetesVersion), processor(c))
	if err != nil {
		return i.trouble(ctx, "looking for the image", err)
	}
	want := plainVersion(i.request.KubernetesVersion)
	for _, candidate := range found {
		if candidate.version == "" || want != "" && candidate.version != want {
			continue
		}
		if i.image.id == "" || candidate.id == i.imageInUse() {
			i.image = candidate
		}
	}
	if i.image.id != "" {
		return nil
	}
	return i.noImage(ctx, owner, system)
}

// imageInUse is the id of the image that the cluster's machines were made of, or "".
func (i *inspection) imageInUse() string {
	ami, _ := i.request.Current["ami"].(map[string]any)
	id, _ := ami["id"].(string)
	return id
}

// noImage says which versions there are images of.
func (i *inspection) noImage(ctx context.Context, owner, system string) uerr.Findings {
	all, err := i.cloud.published(ctx, owner, namePattern(system, ""), processor(i.config()))
	if err != nil {
		return i.trouble(ctx, "looking for images of other versions", err)
	}
	var versions []string
	for _, candidate := range all {
		if candidate.version != "" {
			versions = append(versions, candidate.version)
		}
	}
	if len(versions) == 0 {
		return i.refuse(keyImage, fmt.Sprintf("account %s has no image capa-ami-%s for %s in region %s", owner, system, processor(i.config()), i.cloud.region),
			"build one with image-builder and set "+keyImage+" to it, or change "+strings.Join([]string{keyImageOwner, keyOSName, keyOSVersion}, ", ")+" or "+keyRegion)
	}
	return i.refuse(keyVersion, fmt.Sprintf("no image of Kubernetes %s for %s is in region %s", i.request.KubernetesVersion, system, i.cloud.region),
		preflight.OneOf(keyVersion, versions)+"; or set "+keyImage)
}

// namedImage looks at what is said to be an image: that it is there, can be started, and carries the version.
func (i *inspection) namedImage(ctx context.Context, id string) uerr.Findings {
	found, ok, err := i.cloud.byID(ctx, id)
	want := plainVersion(i.request.KubernetesVersion)
	switch {
	case err != nil:
		return i.trouble(ctx, "looking for the image", err)
	case !ok:
		return i.refuse(keyImage, fmt.Sprintf("image %s is not in region %s, or account %s may not use it", id, i.cloud.region, i.account),
			"set "+keyImage+" to an image of the region, or take it out: the one of the Kubernetes version is found then")
	case !found.ready:
		return i.refuse(keyImage, fmt.Sprintf("image %s cannot be started yet, or no longer", id), "wait until it is available, or set "+keyImage+" to another one")
	case found.version == "" && want == "":
		return i.refuse(keyImage, fmt.Sprintf("image %s (%s) does not say which Kubernetes it carries", id, found.name), "set "+keyVersion+" to it")
	case found.version != "" && want != "" && found.version != want:
		return i.refuse(keyImage, fmt.Sprintf("image %s (%s) carries Kubernetes %s, and %s is asked for", id, found.name, found.version, want),
			"set "+keyVersion+" to "+found.version+", or take "+keyImage+" out")
	}
	i.image = found
	return nil
}

// checkRootVolumes refuses volumes that the image does not fit on.
func (i *inspection) checkRootVolumes(context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, key := range []string{keyControlPlaneDisk, keyWorkerDisk} {
		gib, err := i.config().Int(key)
		switch {
		case err != nil:
			findings = append(findings, i.refuse(key, fmt.Sprintf("%s is not a whole number", key), "set "+key+" to a size in GiB")...)
		case gib < i.image.gib:
			findings = append(findings, i.refuse(key, fmt.Sprintf("a root volume of %d GiB is too small for image %s, which needs %d GiB",
				gib, i.image.id, i.image.gib), fmt.Sprintf("set %s to %d or more", key, i.image.gib))...)
		}
	}
	return findings
}

// plainVersion leaves out build metadata such as +vmware.1, which no image's name has.
func plainVersion(version string) string {
	plain, _, _ := strings.Cut(version, "+")
	return plain
}
