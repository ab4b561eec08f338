package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

// Whose images the upstream controller looks for (DefaultMachineAMIOwnerID, ubuntuOwnerID and ubuntuImageDescription in
// its services/ec2, v2.13.0).
const (
	imageOwner         = "819546954734"
	bastionOwner       = "099720109477"
	bastionDescription = "Canonical, Ubuntu, 24.04, amd64 noble image"
)

// Inventory is what the simulated AWS holds: what a person's configuration names, so that it is found there.
type Inventory struct {
	AccessKeyID     string   `json:"accessKeyId"` // of who may ask; empty lets everybody
	SecretAccessKey string   `json:"secretAccessKey"`
	Region          string   `json:"region"` // of the key pair
	KeyPair         string   `json:"keyPair"`
	Versions        []string `json:"versions"` // of Kubernetes, for which there are images in every region: "v1.36.3"
}

func (i Inventory) withDefaults() Inventory {
	i.Region = cmp.Or(i.Region, "us-east-1")
	i.KeyPair = cmp.Or(i.KeyPair, "default")
	if len(i.Versions) == 0 {
		i.Versions = []string{"v1.35.4", "v1.36.3"}
	}
	return i
}

// image is an entry of the file that moto reads its images from.
type image struct {
	ID             string `json:"ami_id"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	OwnerID        string `json:"owner_id"`
	Public         bool   `json:"public"`
	Virtualization string `json:"virtualization_type"`
	Architecture   string `json:"architecture"`
	State          string `json:"state"`
	Platform       any    `json:"platform"`
	Type           string `json:"image_type"`
	Hypervisor     string `json:"hypervisor"`
	RootType       string `json:"root_device_type"`
	RootName       string `json:"root_device_name"`
	SRIOV          string `json:"sriov"`
}

// firstImage is the number of the first node image.
const firstImage = 0xabc000

// imageID is the id of the n-th node image.
func imageID(n int) string { return fmt.Sprintf("ami-%017x", firstImage+n) }

// imageName is upstream's naming of its images: its base system, the version, and when it was built.
func imageName(version string) string { return "capa-ami-ubuntu-24.04-" + version + "-1780000000" }

func (i Inventory) writeImages(path string) error {
	images := []image{plainImage(0xba5, "ubuntu-noble-24.04-amd64", bastionOwner, bastionDescription)}
	for n, version := range i.Versions {
		images = append(images, plainImage(firstImage+n, imageName(version), imageOwner, "node image of the rehearsal"))
	}
	raw, err := json.Marshal(images)
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

func plainImage(id int, name, owner, description string) image {
	return image{
		ID: fmt.Sprintf("ami-%017x", id), Name: name, Description: description,
		OwnerID: owner, Public: true, Virtualization: "hvm", Architecture: "x86_64", State: "available",
		Type: "machine", Hypervisor: "xen", RootType: "ebs", RootName: "/dev/sda1", SRIOV: "simple",
	}
}

// furnish makes what cannot be given at start.
func (c *Cloud) furnish(ctx context.Context) error {
	_, err := c.ec2(c.inventory.Region).CreateKeyPair(ctx, &ec2.CreateKeyPairInput{KeyName: &c.inventory.KeyPair})
	var known smithy.APIError
	if errors.As(err, &known) && known.ErrorCode() == "InvalidKeyPair.Duplicate" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("key pair %s: %w", c.inventory.KeyPair, err)
	}
	return nil
}

// ec2 and secrets are clients of the emulator itself, past the face of the cloud.
func (c *Cloud) ec2(region string) *ec2.Client {
	return ec2.New(ec2.Options{Region: region, BaseEndpoint: sdk.String(c.moto.url("").String()), Credentials: c.credentials()})
}

func (c *Cloud) secrets(region string) *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region: region, BaseEndpoint: sdk.String(c.moto.url("").String()), Credentials: c.credentials(),
	})
}

func (c *Cloud) credentials() sdk.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider("simulator", "simulator", "")
}
