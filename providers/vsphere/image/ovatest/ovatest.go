// Package ovatest builds small OVA files for tests: good ones, whose parts a test may then damage.
package ovatest

import (
	"archive/tar"
	"bytes"
	"crypto/sha1" //nolint:gosec // manifests of older OVAs
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// DiskSize is the size of the disk's file in bytes.
const DiskSize = 256 << 10

// KubernetesVersion is what the OVA of Parts states.
const KubernetesVersion = "v1.36.3"

// descriptor is the least that makes a machine with one disk and one network card.
const descriptor = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
  xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References><File ovf:href="node-disk1.vmdk" ovf:id="file1" ovf:size="%d"/></References>
  <DiskSection><Info>disks</Info>
    <Disk ovf:capacity="1" ovf:capacityAllocationUnits="byte * 2^30" ovf:diskId="vmdisk1" ovf:fileRef="file1"/></DiskSection>
  <NetworkSection><Info>networks</Info><Network ovf:name="nic0"><Description>nodes</Description></Network></NetworkSection>
  <VirtualSystem ovf:id="node"><Info>a node</Info><Name>node</Name>
    <OperatingSystemSection ovf:id="94"><Info>guest</Info></OperatingSystemSection>
    <VirtualHardwareSection><Info>hardware</Info>
      <System><vssd:ElementName>vm</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>node</vssd:VirtualSystemIdentifier><vssd:VirtualSystemType>vmx-15</vssd:VirtualSystemType></System>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID>
        <rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>disk</rasd:ElementName>
        <rasd:HostResource>ovf:/disk/vmdisk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID>
        <rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>7</rasd:AddressOnParent><rasd:Connection>nic0</rasd:Connection><rasd:ElementName>nic</rasd:ElementName>
        <rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
    </VirtualHardwareSection>
    <ProductSection ovf:class="slipway"><Info>image</Info>
      <Property ovf:key="KUBERNETES_SEMVER" ovf:type="string" ovf:userConfigurable="false" ovf:value="%s"/></ProductSection>
  </VirtualSystem>
</Envelope>`

// Part is one file of an OVA.
type Part struct {
	Name    string
	Content []byte
}

// Parts are the files of a good OVA, the manifest in the given algorithm.
func Parts(algorithm string) []Part { return PartsOf(algorithm, KubernetesVersion) }

// PartsOf is Parts for another version of Kubernetes.
func PartsOf(algorithm, version string) []Part {
	disk := bytes.Repeat([]byte("slipway\n"), DiskSize/8)
	list := []Part{{"node.ovf", fmt.Appendf(nil, descriptor, len(disk), version)}, {"node-disk1.vmdk", disk}}
	var manifest strings.Builder
	for _, p := range list {
		fmt.Fprintf(&manifest, "%s(%s)= %s\n", algorithm, p.Name, checksum(algorithm, p.Content))
	}
	return []Part{list[0], {"node.mf", []byte(manifest.String())}, list[1]}
}

func checksum(algorithm string, content []byte) string {
	switch algorithm {
	case "SHA1":
		sum := sha1.Sum(content)
		return hex.EncodeToString(sum[:])
	case "SHA512":
		sum := sha512.Sum512(content)
		return hex.EncodeToString(sum[:])
	default:
		sum := sha256.Sum256(content)
		return hex.EncodeToString(sum[:])
	}
}

// Write makes a file of the parts and gives its path; its name is ubuntu-kube.ova.
func Write(t testing.TB, list []Part) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, p := range list {
		if err := w.WriteHeader(&tar.Header{Name: p.Name, Size: int64(len(p.Content)), Mode: 0o644, Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(p.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ubuntu-kube.ova")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
