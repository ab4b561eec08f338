package cli

import "context"

// ImageImporter uploads an appliance to a cloud as a template. The vSphere adapter is the one that can.
type ImageImporter interface {
	ImportImage(ctx context.Context, file, name string, progress func(done, total int64)) (string, error)
}
