package aws

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/slipway-sh/slipway/providers"
)

// Limits of AWS: of a template that is sent with the call, and of a managed policy without its white space.
const (
	longestTemplate = 51200
	longestPolicy   = 6144
)

// oneOrMore is how IAM writes lists.
type oneOrMore []any

func (l *oneOrMore) UnmarshalJSON(raw []byte) error {
	var many []any
	if json.Unmarshal(raw, &many) == nil {
		*l = many
		return nil
	}
	var one any
	err := json.Unmarshal(raw, &one)
	*l = oneOrMore{one}
	return err
}

type statement struct {
	Sid, Effect      string
	Action, Resource oneOrMore
	Condition        map[string]any
}

func (s statement) actions() []string {
	var out []string
	for _, a := range s.Action {
		out = append(out, a.(string))
	}
	return out
}

type policy struct {
	document   json.RawMessage
	statements []statement
}

func (p policy) actions() []string {
	var out []string
	for _, s := range p.statements {
		out = append(out, s.actions()...)
	}
	return out
}

// policies are those of the template, by logical name.
func policies(t *testing.T) map[string]policy {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ PolicyDocument json.RawMessage }
		}
	}
	if err := yaml.Unmarshal(granted(t), &template); err != nil {
		t.Fatal(err)
	}
	out := map[string]policy{}
	for name, r := range template.Resources {
		if r.Type != "AWS::IAM::ManagedPolicy" {
			continue
		}
		var document struct{ Statement []statement }
		if err := json.Unmarshal(r.Properties.PolicyDocument, &document); err != nil {
			t.Fatal(err)
		}
		out[name] = policy{document: r.Properties.PolicyDocument, statements: document.Statement}
	}
	return out
}

// TestRolesOfEKS looks at the template, because the emulator makes nothing of ManagedPolicyArns.
func TestRolesOfEKS(t *testing.T) {
	type principal struct{ Service any }
	var template struct {
		Resources map[string]struct {
			Properties struct {
				RoleName                 string
				ManagedPolicyArns        []any
				AssumeRolePolicyDocument struct {
					Statement []struct{ Principal principal }
				}
			}
		}
	}
	if err := yaml.Unmarshal(granted(t), &template); err != nil {
		t.Fatal(err)
	}
	sub := func(text string) any { return map[string]any{"Fn::Sub": text} }
	type role struct {
		trusts   any
		policies []any
	}
	got := map[string]role{}
	for _, r := range template.Resources {
		if p := r.Properties; slices.Contains(rolesOfEKS(), p.RoleName) {
			got[p.RoleName] = role{p.AssumeRolePolicyDocument.Statement[0].Principal.Service, p.ManagedPolicyArns}
		}
	}
	const kept = "arn:${AWS::Partition}:iam::aws:policy/"
	want := map[string]role{
		rolesOfEKS()[0]: {"eks.amazonaws.com", []any{sub(kept + "AmazonEKSClusterPolicy")}},
		rolesOfEKS()[1]: {sub("ec2.${AWS::URLSuffix}"), []any{
			sub(kept + "AmazonEKSWorkerNodePolicy"), sub(kept + "AmazonEKS_CNI_Policy"), sub(kept + "AmazonEC2ContainerRegistryReadOnly"),
		}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(role{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func granted(t *testing.T) []byte {
	t.Helper()
	raw, err := New(Options{}).PermissionsTemplate(providers.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestPermissionsTemplateIsWithinLimits(t *testing.T) {
	raw := granted(t)
	if len(raw) > longestTemplate {
		t.Errorf("the template has %d bytes", len(raw))
	}
	for n, line := range strings.Split(string(raw), "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("line %d is not ASCII: %s", n+1, line)
		}
	}
	for name, p := range policies(t) {
		if len(p.document) > longestPolicy {
			t.Errorf("%s has %d characters", name, len(p.document))
		}
	}
}

func TestPermissionsAreNarrow(t *testing.T) {
	anyRole := map[string]any{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*.cluster-api-provider-aws.sigs.k8s.io"}
	anySecret := map[string]any{"Fn::Sub": "arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:aws.cluster.x-k8s.io/*"}
	for name, p := range policies(t) {
		for _, s := range p.statements {
			if s.Effect != "Allow" || s.Sid == "" {
				t.Errorf("%s: statement %q has effect %q", name, s.Sid, s.Effect)
			}
			if actions := s.actions(); !slices.IsSorted(actions) || len(slices.Compact(slices.Clone(actions))) != len(actions) {
				t.Errorf("%s, %s: not sorted, or one is there twice", name, s.Sid)
			}
			for _, action := range s.actions() {
				service, verb, _ := strings.Cut(action, ":")
				var want any
				switch {
				case strings.Contains(verb, "*"):
					t.Errorf("%s, %s: %s is a pattern", name, s.Sid, action)
				case action == "iam:PassRole":
					want = anyRole
				case service == "secretsmanager":
					want = anySecret
				case service == "iam" && s.Resource[0] == "*":
					t.Errorf("%s, %s: %s of anything", name, s.Sid, action)
				}
				if want != nil && !cmp.Equal(oneOrMore{want}, s.Resource) {
					t.Errorf("%s, %s: %s of %v", name, s.Sid, action, s.Resource)
				}
				if (action == "iam:PassRole" || action == "iam:CreateServiceLinkedRole") && s.Condition == nil {
					t.Errorf("%s, %s: %s without a condition", name, s.Sid, action)
				}
			}
		}
	}
}

// TestPermissionsCoverWhatTheControllerCalls compares with the calls that the real controller made while it created,
// scaled and deleted clusters in rehearsals: testdata/controller-calls.txt, whose head tells how it was recorded.
func TestPermissionsCoverWhatTheControllerCalls(t *testing.T) {
	raw, err := os.ReadFile("testdata/controller-calls.txt")
	if err != nil {
		t.Fatal(err)
	}
	may := policies(t)["ControllersPolicy"].actions()
	calls := 0
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		calls++
		if !slices.Contains(may, line) {
			t.Errorf("the controller calls %s and may not", line)
		}
	}
	if calls == 0 {
		t.Error("no calls were recorded")
	}
}

func TestPermissionsTemplateIsACopy(t *testing.T) {
	granted(t)[0] = 'X'
	if granted(t)[0] == 'X' {
		t.Error("the template can be changed from outside")
	}
}
