package vsphere

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/cns"
	cnsmethods "github.com/vmware/govmomi/cns/methods"
	cnstypes "github.com/vmware/govmomi/cns/types"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/slipway-sh/slipway/providers"
)

const kindDisk = "Disk"

// volumesAtOnce is the most that one query asks for; vCenter answers long lists in parts.
const volumesAtOnce = 500

// errNoVolumes is a vCenter that keeps no container volumes.
var errNoVolumes = errors.New("vCenter serves no container volumes")

// volumes is vCenter's service for container volumes (CNS): the disks that vSphere's CSI driver makes from inside a
// cluster. It is cns.Client but for its making, which takes no context.
type volumes struct {
	api   *soap.Client
	tasks *vim25.Client // reads tasks in the version that the service answers in
}

func (c *vcenter) volumes(ctx context.Context) (volumes, error) {
	api := c.client.NewServiceClient(cns.Path, cns.Namespace)
	versions := api.URL()
	versions.Path = vim25.Path + "/" + cns.Namespace + "ServiceVersions.xml"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, versions.String(), nil)
	if err != nil {
		return volumes{}, err
	}
	if err := api.Do(ctx, req, func(res *http.Response) error { return readVersion(res, api) }); err != nil {
		return volumes{}, err
	}
	sdk := api.NewServiceClient(vim25.Path, cns.Namespace)
	sdk.Version = api.Version
	return volumes{api: api, tasks: &vim25.Client{ServiceContent: c.client.ServiceContent, Client: sdk, RoundTripper: sdk}}, nil
}

func readVersion(res *http.Response, api *soap.Client) error {
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errNoVolumes
	default:
		return fmt.Errorf("%s: %s", res.Request.URL.Path, res.Status)
	}
	found := struct {
		Namespace *string `xml:"namespace>name"`
		Version   *string `xml:"namespace>version"`
	}{&api.Namespace, &api.Version}
	return xml.NewDecoder(res.Body).Decode(&found)
}

// query lists what a filter matches, in parts.
func (v volumes) query(ctx context.Context, filter cnstypes.CnsQueryFilter) ([]cnstypes.CnsVolume, error) {
	var all []cnstypes.CnsVolume
	filter.Cursor = &cnstypes.CnsCursor{Limit: volumesAtOnce}
	for {
		res, err := cnsmethods.CnsQueryVolume(ctx, v.api, &cnstypes.CnsQueryVolume{This: cns.CnsVolumeManagerInstance, Filter: &filter})
		if err != nil {
			return nil, err
		}
		all = append(all, res.Returnval.Volumes...)
		next := res.Returnval.Cursor
		if len(res.Returnval.Volumes) == 0 || next.Offset <= filter.Cursor.Offset || next.Offset >= next.TotalRecords {
			return all, nil
		}
		filter.Cursor = &cnstypes.CnsCursor{Offset: next.Offset, Limit: volumesAtOnce}
	}
}

// remove deletes a volume with its disk. The task succeeds also where the volume was not deleted; its result tells.
func (v volumes) remove(ctx context.Context, id cnstypes.CnsVolumeId) error {
	res, err := cnsmethods.CnsDeleteVolume(ctx, v.api, &cnstypes.CnsDeleteVolume{
		This: cns.CnsVolumeManagerInstance, VolumeIds: []cnstypes.CnsVolumeId{id}, DeleteDisk: true,
	})
	if err != nil {
		return err
	}
	info, err := object.NewTask(v.tasks, res.Returnval).WaitForResult(ctx)
	if err != nil {
		return err
	}
	batch, ok := info.Result.(cnstypes.CnsVolumeOperationBatchResult)
	if !ok || len(batch.VolumeResults) == 0 {
		return fmt.Errorf("vCenter does not say whether it was deleted: %T", info.Result)
	}
	switch failed := batch.VolumeResults[0].GetCnsVolumeOperationResult().Fault; {
	case failed == nil:
		return nil
	case failed.Fault == nil:
		return errors.New(failed.LocalizedMessage)
	default:
		return fmt.Errorf("%s: %w", failed.LocalizedMessage, soap.WrapVimFault(failed.Fault))
	}
}

// disks lists the container volumes that are surely the cluster's; a vCenter that has none, or that does not let the
// user see them, has none to list.
func (i *inspection) disks(ctx context.Context) ([]providers.Leftover, error) {
	ids, err := i.clusterIDs(ctx)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	service, err := i.conn.volumes(ctx)
	var found []cnstypes.CnsVolume
	if err == nil {
		found, err = service.query(ctx, cnstypes.CnsQueryFilter{ContainerClusterIds: ids})
	}
	if unserved(err) {
		return nil, nil
	}
	var left []providers.Leftover
	for _, v := range found {
		if madeFor(v, ids) {
			left = append(left, providers.Leftover{Kind: kindDisk, ID: v.VolumeId.Id, Name: v.Name})
		}
	}
	return left, err
}

// deleteDisk looks at the volume's cluster again. vCenter itself refuses to delete a disk that a machine still holds.
func (i *inspection) deleteDisk(ctx context.Context, l providers.Leftover) error {
	ids, err := i.clusterIDs(ctx)
	if err != nil {
		return i.conn.target.explain(ctx, err)
	}
	service, err := i.conn.volumes(ctx)
	if err != nil {
		return i.conn.target.explain(ctx, err)
	}
	id := cnstypes.CnsVolumeId{Id: l.ID}
	found, err := service.query(ctx, cnstypes.CnsQueryFilter{VolumeIds: []cnstypes.CnsVolumeId{id}})
	if err != nil {
		return i.conn.target.explain(ctx, err)
	}
	for _, v := range found {
		if v.VolumeId != id || !madeFor(v, ids) {
			return fmt.Errorf("disk %s is not surely cluster %s's: left alone", l.Name, owner(i.request.Namespace, i.request.Name))
		}
	}
	if len(found) == 0 {
		return nil
	}
	if err := service.remove(ctx, id); err != nil && !hasFault[*types.NotFound](err) && !hasFault[*cnstypes.CnsVolumeNotFoundFault](err) {
		return fmt.Errorf("disk %s: %w", l.Name, i.conn.target.explain(ctx, err))
	}
	return nil
}

// clusterIDs are the cluster ids of the CSI driver that mean the request's cluster and no other. A volume bears no
// endpoint and perhaps no namespace: where a machine says that a namesake lives here, its id is not the cluster's alone.
func (i *inspection) clusterIDs(ctx context.Context) ([]string, error) {
	all, err := i.allMachines(ctx)
	full, bare := owner(i.request.Namespace, i.request.Name), i.request.Name
	ids := []string{full, bare}
	for _, m := range all {
		if m.template || m.cluster == "" || i.owns(m) {
			continue
		}
		if path.Base(m.cluster) == bare {
			ids = slices.DeleteFunc(ids, func(id string) bool { return id == bare || id == m.cluster })
		}
	}
	return ids, err
}

// madeFor says whether all clusters that a volume names are among the ids; a volume may be shared.
func madeFor(v cnstypes.CnsVolume, ids []string) bool {
	if !slices.Contains(ids, v.Metadata.ContainerCluster.ClusterId) {
		return false
	}
	return !slices.ContainsFunc(v.Metadata.ContainerClusterArray, func(c cnstypes.CnsContainerCluster) bool {
		return !slices.Contains(ids, c.ClusterId)
	})
}

// unserved says whether vCenter keeps no container volumes, or none for this user.
func unserved(err error) bool {
	var request *url.Error // of govmomi, which keeps the status as text alone
	if errors.As(err, &request) && strings.HasPrefix(request.Err.Error(), strconv.Itoa(http.StatusNotFound)+" ") {
		return true
	}
	return errors.Is(err, errNoVolumes) || hasFault[*types.NotSupported](err) || hasFault[*types.MethodNotFound](err) ||
		hasFault[*types.ManagedObjectNotFound](err) || hasFault[*types.NoPermission](err)
}

func hasFault[F types.BaseMethodFault](err error) bool {
	var target F
	_, ok := fault.As(err, &target)
	return ok
}
