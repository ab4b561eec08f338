package config

// NewDocument lets the fuzz tests edit without a disk.
func NewDocument(data []byte) (*Document, error) { return newDocument("config.yaml", data) }
