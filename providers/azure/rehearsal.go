package azure

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/slipway-sh/slipway/internal/config"
)

//go:embed rehearsal.yaml
var rehearsalConfig []byte

// RehearsalConfig is the part of config.yaml for somebody who rehearses and has no subscription.
func (*Provider) RehearsalConfig() []byte { return rehearsalConfig }

// RehearsalInventory is what the simulated Azure has to hold, so that a configuration finds there what it names: the
// application with what proves it, the location, the sizes and the version. It brings no networks: what the configuration
// names and nobody made is made by the rehearsal.
func (*Provider) RehearsalInventory(c *config.Config) any {
	return map[string]any{
		"tenant": c.String(keyTenant), "subscription": c.String(keySubscription),
		"client": c.Secret(keyClient).Reveal(), "secret": c.Secret(keySecret).Reveal(),
		"certificate": rehearsedCertificate(c), "federated": rehearsedSubjects(c),
		"locations":  distinct("eastus", "westeurope", plainLocation(c.String(keyLocation))),
		"versions":   rehearsedVersions(c.String(keyVersion)),
		"sizes":      rehearsedSizes(c),
		"registered": []string{containerService, containerInstances, networkProvider, computeProvider, "Microsoft.ManagedIdentity"},
	}
}

// RehearsalTour shows what only AKS has: a virtual node that comes and goes, a pool of another kind, and an upgrade.
func (*Provider) RehearsalTour(cluster string, workers int) (create []string, then [][]string) {
	create = []string{"--virtual-node", "--kubernetes-version", "v" + rehearsedOlder}
	return create, [][]string{
		{"scale", "cluster", cluster, "-w", strconv.Itoa(workers), "--wait"},
		{"set", "nodepool", cluster, "batch", "-w", "1", "--wait"},
		{"get", "nodepools", cluster},
		{"upgrade", "cluster", cluster, "--kubernetes-version", "v" + rehearsedNewer, "--yes"},
		{"set", "virtualnode", cluster, "--enabled=false", "--wait"},
		{"set", "virtualnode", cluster, "--wait"},
	}
}

// The versions of AKS in every rehearsal.
const rehearsedOlder, rehearsedNewer = "1.35.4", "1.36.3"

// rehearsedVersions are those of every rehearsal and the configuration's. A minor version is offered as its first patch,
// unless it is there already.
func rehearsedVersions(asked string) []string {
	versions := []string{rehearsedOlder, rehearsedNewer}
	asked = plainVersion(asked)
	if strings.Count(asked, ".") == 1 && !slices.ContainsFunc(versions, func(v string) bool { return strings.HasPrefix(v, asked+".") }) {
		asked += ".0"
	}
	if strings.Count(asked, ".") == 2 {
		versions = distinct(append(versions, asked)...)
	}
	slices.SortFunc(versions, func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) })
	return versions
}

// rehearsedSizes are some usual ones and those that the configuration names, with as many cores as their names say.
func rehearsedSizes(c *config.Config) []map[string]any {
	cores := regexp.MustCompile(`^[^_]+_([A-Z]+)(\d+)`)
	var out []map[string]any
	for _, name := range distinct("Standard_D2s_v3", "Standard_D4s_v3", "Standard_D8s_v3", c.String(keyNodeType), c.String(keySystemType), c.String(keyControlPlaneType)) {
		n, series := 2, "D"
		if found := cores.FindStringSubmatch(name); found != nil {
			series = found[1]
			n, _ = strconv.Atoi(found[2]) // digits
		}
		out = append(out, map[string]any{
			"name": name, "family": "standard" + series + "Family", "cores": n, "memoryGiB": 4 * n, "zones": []string{"1", "2", "3"},
		})
	}
	return out
}

// rehearsedCertificate is the configured certificate as PEM, without its key; empty if there is none that can be used,
// which preflight says in its own words.
func rehearsedCertificate(c *config.Config) string {
	raw, err := os.ReadFile(c.String(keyCertificate))
	if err != nil {
		return ""
	}
	certificates, _, err := azidentity.ParseCertificates(raw, []byte(c.Secret(keyCertificatePassword).Reveal()))
	if err != nil || len(certificates) == 0 {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificates[0].Raw}))
}

// rehearsedSubjects are who the configured federated token is for.
func rehearsedSubjects(c *config.Config) []string {
	token, err := os.ReadFile(c.String(keyFederated))
	parts := strings.Split(string(token), ".")
	if err != nil || len(parts) != 3 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Subject == "" {
		return nil
	}
	return []string{claims.Subject}
}

// distinct are the names without empty ones and those that were there before.
func distinct(names ...string) []string {
	var out []string
	for _, name := range names {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
