package vsphere

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// grant is the privileges that are needed on one object of the inventory.
type grant struct {
	on         string
	ref        types.ManagedObjectReference
	privileges []string
}

// grants lists what cloning, configuring, powering and deleting machines takes, object by object: the calls that the
// upstream controller makes, by the privilege that vSphere's API reference names for each. Objects that another check
// did not find are left out.
func (i *inspection) grants() []grant {
	var list []grant
	if i.config().IsSet(keyPolicy) {
		list = append(list, grant{"the vCenter", i.conn.client.ServiceContent.RootFolder, []string{"StorageProfile.View"}})
	}
	if i.folder != nil {
		list = append(list, grant{"folder " + i.folder.InventoryPath, i.folder.Reference(), []string{
			"VirtualMachine.Config.AddExistingDisk", "VirtualMachine.Config.AddNewDisk", "VirtualMachine.Config.AddRemoveDevice",
			"VirtualMachine.Config.AdvancedConfig", "VirtualMachine.Config.CPUCount", "VirtualMachine.Config.DiskExtend",
			"VirtualMachine.Config.EditDevice", "VirtualMachine.Config.Memory", "VirtualMachine.Config.RemoveDisk",
			"VirtualMachine.Config.Settings", "VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn",
			"VirtualMachine.Inventory.CreateFromExisting", "VirtualMachine.Inventory.Delete",
		}})
	}
	if i.pool != nil {
		list = append(list, grant{"resource pool " + i.pool.InventoryPath, i.pool.Reference(), []string{"Resource.AssignVMToPool"}})
	}
	if i.datastore.Datastore != nil {
		list = append(list, grant{"datastore " + i.datastore.InventoryPath, i.datastore.Reference(),
			[]string{"Datastore.AllocateSpace", "Datastore.Browse"}})
	}
	if i.network != nil {
		list = append(list, grant{"network " + i.config().String(keyNetwork), i.network.Reference(), []string{"Network.Assign"}})
	}
	if i.template.path != "" {
		list = append(list, grant{"VM template " + i.template.path, i.template.ref, []string{"VirtualMachine.Provisioning.DeployTemplate"}})
	}
	return list
}

// checkPrivileges asks vCenter what the session may do on each object and reports everything that is missing, one
// finding an object.
func (i *inspection) checkPrivileges(ctx context.Context) uerr.Findings {
	session, err := i.conn.manager.UserSession(ctx)
	if err != nil || session == nil {
		return i.trouble(ctx, "reading the session", err)
	}
	var findings uerr.Findings
	for _, g := range i.grants() {
		missing, err := i.missing(ctx, g, session.Key)
		if err != nil {
			findings = append(findings, i.warn(keyUsername, fmt.Sprintf("the privileges on %s cannot be read: %s", g.on,
				i.conn.target.scrub(err.Error())), "make sure that the user has "+strings.Join(g.privileges, ", "))...)
			continue
		}
		if len(missing) > 0 {
			findings = append(findings, uerr.Finding{
				Code: uerr.Credentials, Where: preflight.Where(i.config(), keyUsername),
				Problem: fmt.Sprintf("user %s lacks privileges on %s: %s", i.conn.target.username, g.on, strings.Join(missing, ", ")),
				Next:    "add them to the user's role in vCenter, or set " + keyUsername + " to a user that has them",
			})
		}
	}
	return findings
}

// missing asks with the call that answers by name: of one that answers by position, XML may lose the refusals.
func (i *inspection) missing(ctx context.Context, g grant, session string) ([]string, error) {
	res, err := methods.HasPrivilegeOnEntities(ctx, i.conn.client, &types.HasPrivilegeOnEntities{
		This: *i.conn.client.ServiceContent.AuthorizationManager, Entity: []types.ManagedObjectReference{g.ref},
		SessionId: session, PrivId: g.privileges,
	})
	if err != nil {
		return nil, err
	}
	missing := slices.Clone(g.privileges)
	for _, entity := range res.Returnval {
		for _, p := range entity.PrivAvailability {
			if p.IsGranted {
				missing = slices.DeleteFunc(missing, func(id string) bool { return id == p.PrivId })
			}
		}
	}
	return missing, nil
}
