package capi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "sigs.k8s.io/cluster-api/util/yaml"
)

// program is what a Deployment of a provider's components runs.
type program struct {
	file  string // name in the provider's folder
	image string
}

// programs lists what components run, the provider's own program first. That is the one whose image has the provider's
// version as its tag, or the first there is; it lies in the folder as manager. Any other, such as Azure Service Operator,
// lies there as NAME_TAG of its image, which is where a plane looks for it.
func (p Provider) programs(components []byte) ([]program, error) {
	images, err := managerImages(components)
	if err != nil {
		return nil, err
	}
	own := max(0, slices.IndexFunc(images, func(image string) bool {
		_, tag := nameAndTag(image)
		return tag == p.Version
	}))
	list := []program{{file: ManagerFile, image: images[own]}}
	for _, image := range slices.Delete(images, own, own+1) {
		name, tag := nameAndTag(image)
		list = append(list, program{file: name + "_" + tag, image: image})
	}
	return list, nil
}

// files are all that a complete folder holds; its components say which programs. An error that is fs.ErrNotExist means
// that there are none yet.
func (p Provider) files(dir string) ([]string, error) {
	components, err := os.ReadFile(filepath.Join(dir, p.ComponentsFile()))
	if err != nil {
		return nil, err
	}
	list, err := p.programs(components)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	files := []string{p.ComponentsFile(), MetadataFile}
	for _, prog := range list {
		files = append(files, prog.file)
	}
	return files, nil
}

// programFiles are those of a folder's files that are programs.
func (p Provider) programFiles(files []string) []string {
	return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f == p.ComponentsFile() || f == MetadataFile })
}

// nameAndTag are the last element of an image's path and its tag.
func nameAndTag(image string) (name, tag string) {
	image, _, _ = strings.Cut(image, "@")
	name, tag, _ = strings.Cut(path.Base(image), ":")
	return name, tag
}

// managerImages lists the images of the containers named manager in the components' Deployments, each once.
func managerImages(components []byte) ([]string, error) {
	var images []string
	for document := range bytes.SplitSeq(components, []byte("\n---")) {
		if !bytes.Contains(document, []byte("Deployment")) {
			continue // definitions are megabytes, and parsing them takes a second
		}
		objs, err := utilyaml.ToUnstructured(document)
		if err != nil {
			return nil, fmt.Errorf("components: %w", err)
		}
		for _, obj := range objs {
			if image := containerImage(obj); image != "" && !slices.Contains(images, image) {
				images = append(images, image)
			}
		}
	}
	if len(images) == 0 {
		return nil, errors.New("components: no Deployment with a container named manager")
	}
	return images, nil
}

// containerImage is empty for what is not a Deployment with a container named manager.
func containerImage(obj unstructured.Unstructured) string {
	if obj.GetKind() != "Deployment" {
		return ""
	}
	containers, _, _ := unstructured.NestedSlice(obj.Object, "spec", "template", "spec", "containers")
	for _, c := range containers {
		if m, ok := c.(map[string]any); ok && m["name"] == "manager" {
			image, _ := m["image"].(string)
			return image
		}
	}
	return ""
}
