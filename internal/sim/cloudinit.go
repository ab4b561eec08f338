package sim

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/slipway-sh/slipway/internal/sim/packed"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/cluster-api/util/certs"
	"sigs.k8s.io/yaml"
)

// userData is the part of a machine's cloud-init document that kubeadm needs.
type userData struct {
	files   map[string]string // path -> content
	kubeadm []kubeadmDocument // of the file that kubeadm is run with
	joins   bool              // kubeadm join, instead of kubeadm init
}

// kubeadmDocument is the part of kubeadm's configuration kinds that a simulated machine acts on.
type kubeadmDocument struct {
	Kind                 string `json:"kind"`
	ControlPlaneEndpoint string `json:"controlPlaneEndpoint"`
	Discovery            struct {
		BootstrapToken struct {
			APIServerEndpoint string `json:"apiServerEndpoint"`
		} `json:"bootstrapToken"`
	} `json:"discovery"`
	ControlPlane *struct{} `json:"controlPlane"`
}

// parseUserData reads a cloud-config document.
func parseUserData(raw []byte) (*userData, error) {
	var document struct {
		WriteFiles []struct {
			Path     string `json:"path"`
			Content  string `json:"content"`
			Encoding string `json:"encoding"`
		} `json:"write_files"`
		RunCmd []any `json:"runcmd"`
	}
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("the user data is no cloud-config: %w", err)
	}
	u := &userData{files: map[string]string{}}
	for _, f := range document.WriteFiles {
		content, err := decodeFile(f.Content, f.Encoding)
		if err != nil {
			return nil, fmt.Errorf("user data: file %s: %w", f.Path, err)
		}
		u.files[f.Path] = content
	}
	commands := fmt.Sprint(document.RunCmd...)
	u.joins = strings.Contains(commands, "kubeadm join")
	if !u.joins && !strings.Contains(commands, "kubeadm init") {
		return nil, fmt.Errorf("the user data runs neither kubeadm init nor kubeadm join")
	}
	return u, u.readKubeadm()
}

func decodeFile(content, encoding string) (string, error) {
	if strings.Contains(encoding, "b64") || strings.Contains(encoding, "base64") {
		raw, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return "", err
		}
		content = string(raw)
	}
	if strings.Contains(encoding, "gz") {
		raw, err := packed.Unpack([]byte(content))
		return string(raw), err
	}
	return content, nil
}

func (u *userData) readKubeadm() error {
	for _, path := range []string{"/run/kubeadm/kubeadm.yaml", "/run/kubeadm/kubeadm-join-config.yaml"} {
		content, ok := u.files[path]
		if !ok {
			continue
		}
		decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(content), 4096)
		for {
			var d kubeadmDocument
			if err := decoder.Decode(&d); err == io.EOF { //nolint:errorlint // as documented
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			u.kubeadm = append(u.kubeadm, d)
		}
	}
	if u.endpoint() == "" {
		return fmt.Errorf("the kubeadm configuration names no endpoint of the API server")
	}
	return nil
}

// endpoint is the cluster's API server as host:port.
func (u *userData) endpoint() string {
	for _, d := range u.kubeadm {
		if d.ControlPlaneEndpoint != "" {
			return d.ControlPlaneEndpoint
		}
		if e := d.Discovery.BootstrapToken.APIServerEndpoint; e != "" {
			return e
		}
	}
	return ""
}

// controlPlane says whether the machine runs an API server.
func (u *userData) controlPlane() bool {
	if !u.joins {
		return true
	}
	for _, d := range u.kubeadm {
		if d.Kind == "JoinConfiguration" && d.ControlPlane != nil {
			return true
		}
	}
	return false
}

// authority reads a CA pair that the bootstrap provider put into the user data.
func (u *userData) authority(path string) (*x509.Certificate, *rsa.PrivateKey, error) {
	crt, err := certs.DecodeCertPEM([]byte(u.files[path+".crt"]))
	if err != nil || crt == nil {
		return nil, nil, fmt.Errorf("user data has no certificate %s.crt: %w", path, err)
	}
	key, err := certs.DecodePrivateKeyPEM([]byte(u.files[path+".key"]))
	if err != nil || key == nil {
		return nil, nil, fmt.Errorf("user data has no key %s.key: %w", path, err)
	}
	rsaKey, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("%s.key is a %T; the in-memory API server takes RSA keys only", path, key)
	}
	return crt, rsaKey, nil
}
