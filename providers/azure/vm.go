package azure

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// The variables of clusters of plain machines, beside those that AKS has too.
const (
	keyControlPlaneSubnet    = "AZURE_CONTROL_PLANE_SUBNET_NAME"
	keyControlPlaneCIDR      = "AZURE_CONTROL_PLANE_SUBNET_CIDR"
	keyControlPlaneNSG       = "AZURE_CONTROL_PLANE_SUBNET_SECURITY_GROUP"
	keyNodeNSG               = "AZURE_NODE_SUBNET_SECURITY_GROUP"
	keyFrontend              = "AZURE_FRONTEND_PRIVATE_IP"
	keyAccelerated           = "AZURE_ENABLE_ACCELERATED_NETWORKING"
	keyControlPlaneDisk      = "AZURE_CONTROL_PLANE_OS_DISK_SIZE_GIB"
	keyControlPlaneDiskType  = "AZURE_CONTROL_PLANE_OS_DISK_STORAGE_ACCOUNT_TYPE"
	keyControlPlaneDataDisk  = "AZURE_CONTROL_PLANE_DATA_DISK_SIZE_GIB"
	keyNodeDiskType          = "AZURE_NODE_OS_DISK_STORAGE_ACCOUNT_TYPE"
	keyNodeDataDisk          = "AZURE_NODE_DATA_DISK_SIZE_GIB"
	keyHasNodeDataDisk       = "AZURE_ENABLE_NODE_DATA_DISK"
	keyImage                 = "AZURE_IMAGE_"
	defaultControlPlaneNames = "control-plane"
)

// valuesVM are those of templates/azure/vm.yaml, and a pool of workers for each zone.
func (i *inspection) valuesVM(values providers.Values) (providers.Values, error) {
	if err := i.checkWholeVersion().Err(); err != nil {
		return providers.Values{}, err
	}
	values.Class, values.KubernetesVersion = classVM, "v"+plainVersion(i.request.KubernetesVersion)
	i.identify(&values)
	var err error
	if values.Variables, err = i.variablesVM(); err != nil {
		return providers.Values{}, err
	}
	values.Pools, err = i.poolsVM()
	return values, err
}

func (i *inspection) variablesVM() (map[string]any, error) {
	c := i.config()
	tags, wrongTags := configuredTags(c)
	key, wrongKey := i.sshKey()
	image, wrongImage := i.image()
	proxy, wrongProxy := preflight.Proxy(c)
	registry, wrongRegistry := preflight.Registry(c)
	controlPlane, wrongPlane := i.machine(keyControlPlaneType, keyControlPlaneDisk, keyControlPlaneDiskType, keyControlPlaneDataDisk)
	worker, wrongWorker := i.machine(keyNodeType, keyNodeDisk, keyNodeDiskType, keyNodeDataDisk)
	if err := errors.Join(slices.Concat(wrongTags, wrongKey, wrongImage, wrongProxy, wrongRegistry).Err(), wrongPlane, wrongWorker); err != nil {
		return nil, err
	}
	if !c.Bool(keyHasNodeDataDisk) {
		delete(worker, "dataDisk")
	}
	tags[ownerTag] = i.owner()
	v := map[string]any{
		"location": i.location(), "subscription": i.cloud.subscription, "tags": tags, "sshPublicKey": key,
		"environment": c.String(keyEnvironment), "resourceGroup": map[string]any{"name": cmp.Or(c.String(keyGroup), i.request.Name)},
		"network": i.networkVM(), "privateCluster": c.Bool(keyPrivate), "controlPlane": controlPlane, "worker": worker,
	}
	if c.Bool(keyPrivate) {
		v["frontendIP"] = c.String(keyFrontend)
	}
	if c.IsSet(keyAccelerated) {
		v["acceleratedNetworking"] = c.Bool(keyAccelerated)
	}
	preflight.SetObject(v, "image", image)
	preflight.SetObject(v, "proxy", proxy)
	preflight.SetObject(v, "registry", registry)
	return preflight.Plain(v)
}

// networkVM leaves to the controller what is there already: it tells by the tags what is its own.
func (i *inspection) networkVM() map[string]any {
	c := i.config()
	part := func(name, cidr, group string) map[string]any {
		s := map[string]any{"name": name, "cidr": cidr}
		if group != "" {
			s["securityGroup"] = group
		}
		return s
	}
	n := map[string]any{
		"name": cmp.Or(c.String(keyVNet), i.request.Name), "cidr": c.String(keyVNetCIDR),
		"controlPlaneSubnet": part(cmp.Or(c.String(keyControlPlaneSubnet), defaultControlPlaneNames), c.String(keyControlPlaneCIDR), c.String(keyControlPlaneNSG)),
		"nodeSubnet":         part(c.String(keyNodeSubnet), c.String(keyNodeCIDR), c.String(keyNodeNSG)),
	}
	if group := c.String(keyVNetGroup); group != "" {
		n["resourceGroup"] = group
	}
	return n
}

func (i *inspection) machine(size, disk, diskType, dataDisk string) (map[string]any, error) {
	c := i.config()
	gib, wrong := c.Int(disk)
	data, wrongData := c.Int(dataDisk)
	return map[string]any{
		"vmSize": c.String(size), "osDisk": map[string]any{"sizeGiB": gib, "type": c.String(diskType)}, "dataDisk": map[string]any{"sizeGiB": data},
	}, errors.Join(wrong, wrongData)
}

// image is one by its id, of a gallery or of the marketplace; nil leaves the choice to the controller.
func (i *inspection) image() (map[string]any, uerr.Findings) {
	c := i.config()
	set := func(fields map[string]string) map[string]any {
		out := map[string]any{}
		for field, key := range fields {
			if text := c.String(keyImage + key); text != "" {
				out[field] = text
			}
		}
		return out
	}
	gallery := set(map[string]string{"gallery": "GALLERY", "name": "NAME", "version": "VERSION", "subscription": "SUBSCRIPTION_ID", "resourceGroup": "RESOURCE_GROUP"})
	market := set(map[string]string{"publisher": "PUBLISHER", "offer": "OFFER", "sku": "SKU", "version": "VERSION"})
	id := c.String(keyImage + "ID")
	switch {
	case id != "":
		return map[string]any{"id": id}, nil
	case gallery["gallery"] != nil && gallery["name"] != nil && gallery["version"] != nil:
		return map[string]any{"gallery": gallery}, nil
	case len(market) == 4:
		market["thirdParty"] = c.Bool(keyImage + "THIRD_PARTY")
		return map[string]any{"marketplace": market}, nil
	case len(gallery) == 0 && len(market) == 0:
		return nil, nil
	case market["publisher"] != nil:
		return nil, i.refuse(keyImage+"PUBLISHER", "an image of the marketplace needs a publisher, an offer, a SKU and a version", "set "+keyImage+"PUBLISHER, _OFFER, _SKU and _VERSION")
	}
	return nil, i.refuse(keyImage+"GALLERY", "an image of a gallery needs the gallery, a name and a version", "set "+keyImage+"GALLERY, _NAME and _VERSION")
}

// poolsVM gives each zone a pool of its own, so that workers stay spread whatever happens to a zone.
func (i *inspection) poolsVM() ([]providers.Pool, error) {
	zones, counts, err := i.zonesVM()
	var pools []providers.Pool
	for n, zone := range zones {
		pools = append(pools, providers.Pool{Name: "md-" + strconv.Itoa(n), FailureDomain: zone, Replicas: counts[n]})
	}
	return pools, err
}

// zonesVM are the zones of workers and how many each has; none when the configuration names no zone.
func (i *inspection) zonesVM() ([]string, []int, error) {
	own := map[string]string{} // zone -> variable of its count
	for n, key := range zoneKeys() {
		if zone := i.config().String(key); own[zone] == "" {
			own[zone] = keyWorkers + "_" + strconv.Itoa(n)
		}
	}
	zones := configuredZones(i.config())
	var keys []string
	for _, zone := range zones {
		keys = append(keys, own[zone])
	}
	counts, err := preflight.WorkersPerZone(i.config(), keys, i.request.Workers)
	if err != nil {
		return nil, nil, err
	}
	return zones, counts, nil
}

// workersVM is how many there are in all.
func (i *inspection) workersVM() int {
	_, counts, err := i.zonesVM()
	if err != nil || len(counts) == 0 {
		return i.request.Workers
	}
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}
