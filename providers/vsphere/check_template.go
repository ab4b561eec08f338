package vsphere

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"

	"github.com/slipway-sh/slipway/internal/config"
	"github.com/slipway-sh/slipway/internal/uerr"
)

// The variables that say which image.
const (
	keyTemplate          = "VSPHERE_TEMPLATE"
	keyKubernetesVersion = "KUBERNETES_VERSION"
	keyOSName            = "OS_NAME"
	keyOSVersion         = "OS_VERSION"
	keyOSArch            = "OS_ARCH"
)

func wantedDistro(c *config.Config) distro {
	return distro{name: c.String(keyOSName), version: c.String(keyOSVersion), arch: c.String(keyOSArch)}
}

// wantedVersion is the request's version; nil means the newest that the vCenter carries.
func (i *inspection) wantedVersion() (*version, uerr.Findings) {
	text := i.request.KubernetesVersion
	if text == "" {
		return nil, nil
	}
	v, ok := parseVersion(text)
	if !ok {
		return nil, i.refuse(keyKubernetesVersion, fmt.Sprintf("%q is no Kubernetes version", text), "write it as v1.36.3")
	}
	return &v, nil
}

// checkTemplate finds the template: the one that VSPHERE_TEMPLATE names, or the one that carries the version.
func (i *inspection) checkTemplate(ctx context.Context) uerr.Findings {
	if i.config().IsSet(keyTemplate) {
		return i.findNamedTemplate(ctx)
	}
	want, findings := i.wantedVersion()
	if findings != nil {
		return findings
	}
	all, err := i.conn.listTemplates(ctx)
	if err != nil {
		return i.trouble(ctx, "listing the VM templates", err)
	}
	os := wantedDistro(i.config())
	found, ok := i.inUse(all, want)
	if !ok {
		found, ok = choose(all, want, os)
	}
	if !ok {
		return i.noTemplate(all, want, os)
	}
	i.template = found
	return nil
}

// inUse is the template that the cluster's machines were cloned from, if it is still there and carries the version.
func (i *inspection) inUse(all []template, want *version) (template, bool) {
	for _, t := range all {
		if t.path == i.request.Current["template"] && want != nil && t.tagged && t.version.satisfies(*want) {
			return t, true
		}
	}
	return template{}, false
}

func (i *inspection) findNamedTemplate(ctx context.Context) uerr.Findings {
	finder := i.conn.finder
	vm, findings := resolve(ctx, i, lookup[*object.VirtualMachine]{
		key: keyTemplate, kind: "VM template", find: finder.VirtualMachine, list: i.taggedTemplates,
		path: func(vm *object.VirtualMachine) string { return vm.InventoryPath },
	})
	if findings != nil {
		return findings
	}
	read, err := i.conn.readTemplates(ctx, []*object.VirtualMachine{vm})
	if err != nil || len(read) != 1 {
		return i.trouble(ctx, "reading VM template "+vm.InventoryPath, err)
	}
	i.template = read[0]
	if !i.template.isTemplate {
		return i.refuse(keyTemplate, fmt.Sprintf("%s is a virtual machine, not a template", i.template.path),
			"convert it to a template in vCenter, or leave "+keyTemplate+" out and let Slipway find one")
	}
	return nil
}

// taggedTemplates lists what VSPHERE_TEMPLATE could be.
func (i *inspection) taggedTemplates(ctx context.Context, _ string) ([]*object.VirtualMachine, error) {
	all, err := i.conn.listTemplates(ctx)
	vms := make([]*object.VirtualMachine, 0, len(all))
	for _, t := range all {
		vm := object.NewVirtualMachine(i.conn.client, t.ref)
		vm.InventoryPath = t.path
		vms = append(vms, vm)
	}
	return vms, err
}

// noTemplate says what versions and systems there are instead.
func (i *inspection) noTemplate(all []template, want *version, os distro) uerr.Findings {
	problem := "no VM template carries "
	if want == nil {
		problem += "a Kubernetes version"
	} else {
		problem += "Kubernetes " + want.String()
	}
	if os != (distro{}) {
		problem += " on " + os.String()
	}
	next := "import an OVA: slipway image import FILE.ova"
	var have []string
	for _, t := range all {
		have = append(have, strings.TrimSpace(t.version.String()+" "+t.distro.String()))
	}
	slices.Sort(have)
	if have = slices.Compact(have); len(have) > 0 {
		next += "; there are templates of " + strings.Join(have, ", ")
	}
	return i.refuse(keyKubernetesVersion, problem, next)
}

// checkKubernetesVersion compares the version that the OVA states with the one asked for. A template that was found by
// its version passes of itself; one that VSPHERE_TEMPLATE names may not.
func (i *inspection) checkKubernetesVersion(context.Context) uerr.Findings {
	want, findings := i.wantedVersion()
	if findings != nil {
		return findings
	}
	t := i.template
	if !t.tagged {
		problem := fmt.Sprintf("VM template %s does not state its Kubernetes version (vApp property VERSION or KUBERNETES_SEMVER)", t.path)
		if want == nil {
			return i.refuse(keyTemplate, problem+", and none was asked for", "add --kubernetes-version")
		}
		return i.warn(keyTemplate, problem, "make sure that it carries "+want.String())
	}
	if want != nil && !t.version.satisfies(*want) {
		return i.refuse(keyTemplate, fmt.Sprintf("VM template %s carries Kubernetes %s, and %s was asked for", t.path, t.version, want),
			fmt.Sprintf("ask for --kubernetes-version %s, or leave %s out and let Slipway find one", t.version, keyTemplate))
	}
	return nil
}

// checkSnapshot matters for linked clones only: without one the upstream controller makes full clones and says nothing.
func (i *inspection) checkSnapshot(context.Context) uerr.Findings {
	if !i.linked() || i.template.snapshot {
		return nil
	}
	return i.refuse(keyCloneMode, fmt.Sprintf("linked clones need a snapshot, and VM template %s has none", i.template.path),
		"import the OVA with slipway image import, which takes one, or set "+keyCloneMode+" to fullClone")
}

// checkSizes covers what the numbers themselves cannot say: a clone's disk is never smaller than the template's.
func (i *inspection) checkSizes(context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, r := range []role{controlPlaneRole(), workerRole()} {
		s, found := machineSize(i.config(), r)
		findings = append(findings, found...)
		if found == nil && int64(s.DiskGiB)*gib < i.template.disk {
			key := i.config().Strongest(r.sizeKey, "SIZE", r.prefix+"_DISK_GIB", "VSPHERE_DISK_GIB")
			if key == "" {
				key = r.prefix + "_DISK_GIB"
			}
			findings = append(findings, i.refuse(key, fmt.Sprintf("a %s disk of %d GiB is smaller than that of VM template %s, %s",
				r.name, s.DiskGiB, i.template.path, inGiB(i.template.disk)), "use a larger size or set "+r.prefix+"_DISK_GIB higher")...)
		}
	}
	return findings
}
