package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// checkWorkers wants a node for Azure's own pods.
func (i *inspection) checkWorkers(context.Context) uerr.Findings {
	count, err := i.config().Int(keySystemCount)
	if err == nil && count == 0 && i.request.Workers == 0 {
		return i.refuse(keyWorkers, "a cluster of AKS needs a node at least, for Azure's own pods", "set "+keyWorkers+" to 1 or more, or "+keySystemCount)
	}
	return nil
}

// checkControllers refuses credentials that only this program can use: the controllers have no person's login.
func (i *inspection) checkControllers(context.Context) uerr.Findings {
	if i.cloud.source.data != nil {
		return nil
	}
	return i.refuse(keyClient, "clusters are made by controllers, and these cannot use the login of the az program",
		"set "+keyClient+" and "+keySecret+" to those of an application: az ad sp create-for-rbac --role Owner --scopes "+i.subscriptionID())
}

// checkRoles wants the application to be one that may make things, and give roles to the identities that AKS makes.
func (i *inspection) checkRoles(ctx context.Context) uerr.Findings {
	scope := i.subscriptionID()
	if i.group.Existing {
		scope += "/resourceGroups/" + i.group.Name
	}
	grant := func(role string) string {
		return fmt.Sprintf("have an owner type: az role assignment create --role %q --scope %s --assignee <%s>", role, scope, keyClient)
	}
	action := containerService + "/managedClusters/write"
	if i.clusterType() == typeVM {
		action = computeProvider + "/virtualMachines/write"
	}
	makes, err := i.may(ctx, scope, action)
	if err != nil {
		return i.unchecked(keyClient, "what the application may do", err)
	}
	if !makes {
		return i.refuse(keyClient, "the application may not make clusters ("+action+")", grant("Contributor"))
	}
	if i.clusterType() == typeVM {
		return nil
	}
	where := i.networkScope()
	if i.network.live == nil {
		where = scope
	}
	gives, err := i.may(ctx, where, "Microsoft.Authorization/roleAssignments/write")
	switch {
	case err != nil:
		return i.unchecked(keyClient, "whether the application may assign roles", err)
	case !gives && i.hasVirtualNode():
		return i.refuse(keyClient, "the application may not assign roles, and the virtual node's identity needs one on its subnet", grant("Role Based Access Control Administrator"))
	case !gives:
		return i.warn(keyClient, "the application may not assign roles: load balancers inside the network will not work until the cluster's identity has one", grant("Role Based Access Control Administrator"))
	}
	return nil
}

// checkValues looks at what Values would refuse.
func (i *inspection) checkValues(context.Context) uerr.Findings {
	key, findings := i.sshKey()
	if i.clusterType() != typeVM {
		return findings
	}
	if key == "" && findings == nil {
		findings = i.refuse(keySSH, keySSH+" is not set, and machines need a key", "set it to the output of: base64 -w0 ~/.ssh/id_rsa.pub")
	}
	if i.config().IsSet(keyCertificate) && !i.config().Secret(keyCertificatePassword).Empty() {
		findings = append(findings, i.refuse(keyCertificatePassword, "the controller of machines reads no certificate that has a password", "set "+keyCertificate+" to a PEM file without one, and take "+keyCertificatePassword+" out")...)
	}
	_, wrongImage := i.image()
	_, wrongProxy := preflight.Proxy(i.config())
	_, wrongRegistry := preflight.Registry(i.config())
	return slices.Concat(findings, i.checkWholeVersion(), wrongImage, wrongProxy, wrongRegistry)
}

// checkWholeVersion wants a version to be named: the images are found by it, and no list of them tells the newest.
func (i *inspection) checkWholeVersion() uerr.Findings {
	if strings.Count(plainVersion(i.request.KubernetesVersion), ".") == 2 {
		return nil
	}
	return i.refuse(keyVersion, "clusters of type "+typeVM+" need a whole version of Kubernetes", "set "+keyVersion+" or --kubernetes-version to one such as v1.36.3")
}
