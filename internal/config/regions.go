package config

// Region is a management cluster as TKG's file names it, under tkg.regions.
type Region struct {
	Name      string `json:"name" yaml:"name"`
	Context   string `json:"context" yaml:"context"`
	File      string `json:"file" yaml:"file"`     // kubeconfig
	Status    string `json:"status" yaml:"status"` // Success or Failed
	IsCurrent bool   `json:"isCurrentContext" yaml:"isCurrentContext"`
}

func (f *file) regions() []Region { return nil }
