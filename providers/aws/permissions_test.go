package aws

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway-sh/slipway/internal/uerr"
)

const controllersName = "controllers.cluster-api-provider-aws.sigs.k8s.io"

// newAccount is a lab where nobody has granted anything yet.
func newAccount(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	for _, name := range instanceProfiles() {
		_, err := l.cloud.iam.RemoveRoleFromInstanceProfile(t.Context(), &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: &name, RoleName: &name})
		l.must(err)
		_, err = l.cloud.iam.DeleteInstanceProfile(t.Context(), &iam.DeleteInstanceProfileInput{InstanceProfileName: &name})
		l.must(err)
	}
	for _, name := range append(instanceProfiles(), rolesOfEKS()...) {
		_, err := l.cloud.iam.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &name})
		l.must(err)
	}
	return l
}

// wire is an account whose emulator lacks what AWS does only now and then; rewrite gives its answers in AWS's own words.
type wire struct {
	*account
	rewrite func(action string, form url.Values, body string) string // an answer with an Error is one
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	response, err := w.account.Do(r)
	if err != nil || !strings.HasPrefix(r.URL.Host, "cloudformation.") {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	form, _ := url.ParseQuery(string(raw))
	text := w.rewrite(form.Get("Action"), form, string(body))
	response.Body, response.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	if strings.Contains(text, "<Error>") {
		response.StatusCode = http.StatusBadRequest
	}
	return response, nil
}

func (l *lab) rewriting(rewrite func(action string, form url.Values, body string) string) {
	l.provider = New(Options{Client: &wire{account: l.account, rewrite: rewrite}})
}

func (l *lab) apply(pairs map[string]string) (bool, uerr.Findings) {
	l.t.Helper()
	changed, notes, err := l.provider.ApplyPermissions(l.t.Context(), l.request(pairs))
	l.must(err)
	return changed, notes
}

func (l *lab) refused(pairs map[string]string) *uerr.Error {
	l.t.Helper()
	_, _, err := l.provider.ApplyPermissions(l.t.Context(), l.request(pairs))
	var out *uerr.Error
	if !errors.As(err, &out) {
		l.t.Fatalf("not an error for a person: %v", err)
	}
	return out
}

func (l *lab) stacks() *cloudformation.Client { return cloudformation.NewFromConfig(l.cloud.config) }

func (l *lab) makeStack(name, template string) {
	l.t.Helper()
	_, err := l.stacks().CreateStack(l.t.Context(), &cloudformation.CreateStackInput{StackName: &name, TemplateBody: &template})
	l.must(err)
}

func (l *lab) made(action string) int {
	l.account.mu.Lock()
	defer l.account.mu.Unlock()
	return l.account.calls[action]
}

func (l *lab) attached(role string) []string {
	l.t.Helper()
	found, err := l.cloud.iam.ListAttachedRolePolicies(l.t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &role})
	l.must(err)
	var names []string
	for _, p := range found.AttachedPolicies {
		name, _, _ := strings.Cut(sdk.ToString(p.PolicyName), ".")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestPermissionsAreGrantedOnce(t *testing.T) {
	l := newAccount(t)
	if changed, notes := l.apply(nil); !changed || notes != nil {
		t.Errorf("changed %v, notes %v", changed, notes)
	}
	for role, want := range map[string][]string{
		instanceProfiles()[0]: {"control-plane", "nodes"}, instanceProfiles()[1]: {"nodes"}, controllersName: {"controllers", "controllers-eks"},
	} {
		if diff := cmp.Diff(want, l.attached(role)); diff != "" {
			t.Errorf("policies of %s (-want +got):\n%s", role, diff)
		}
	}
	for _, settings := range []map[string]string{nil, {"CLUSTER_TYPE": "eks", "AWS_NODE_AZ_1": "eu-central-1b"}} {
		if err := l.preflight(l.request(settings)).Err(); err != nil {
			t.Errorf("preflight with %v: %v", settings, err)
		}
	}
	found, err := l.stacks().DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: sdk.String("slipway-permissions")})
	l.must(err)
	if diff := cmp.Diff(map[string]string{"app.kubernetes.io/managed-by": "slipway"}, stackTagsOf(found.Stacks[0])); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if changed, notes := l.apply(nil); changed || notes != nil {
		t.Errorf("the second time: changed %v, notes %v", changed, notes)
	}
	if creates, updates := l.made("CreateStack"), l.made("UpdateStack"); creates != 1 || updates != 0 {
		t.Errorf("%d creations and %d updates", creates, updates)
	}
}

func stackTagsOf(s types.Stack) map[string]string {
	out := map[string]string{}
	for _, tag := range s.Tags {
		out[sdk.ToString(tag.Key)] = sdk.ToString(tag.Value)
	}
	return out
}

func TestPermissionsAreFoundFromAnotherRegion(t *testing.T) {
	l := newAccount(t)
	l.apply(nil)
	if changed, notes := l.apply(map[string]string{"AWS_REGION": "us-west-2"}); changed || notes != nil {
		t.Errorf("changed %v, notes %v", changed, notes)
	}
	if creates := l.made("CreateStack"); creates != 1 {
		t.Errorf("%d creations", creates)
	}
}

func TestPermissionsAreUpdated(t *testing.T) {
	l := newAccount(t)
	older, rest, _ := strings.Cut(string(permissionsTemplate), "  NodesProfile:\n")
	_, rest, _ = strings.Cut(rest, "  ControllersProfile:\n")
	l.makeStack(permissionsStack, older+"  ControllersProfile:\n"+rest)
	if changed, notes := l.apply(nil); !changed || notes != nil {
		t.Errorf("changed %v, notes %v", changed, notes)
	}
	name := instanceProfiles()[1]
	_, err := l.cloud.iam.GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	l.must(err)
	if changed, _ := l.apply(nil); changed {
		t.Error("the second time something changed")
	}
}

func TestPermissionsThatMeanTheSameAreUnchanged(t *testing.T) {
	l := newAccount(t)
	l.makeStack(permissionsStack, "# another comment\n"+string(permissionsTemplate))
	l.rewriting(func(action string, _ url.Values, body string) string {
		if action == "UpdateStack" { // the emulator updates all the same
			return `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>No updates are to be performed.</Message></Error></ErrorResponse>`
		}
		return body
	})
	if changed, _ := l.apply(nil); changed || l.made("UpdateStack") != 1 {
		t.Errorf("changed %v after %d updates", changed, l.made("UpdateStack"))
	}
}

func TestPermissionsThatRolledBackAreMadeAgain(t *testing.T) {
	for _, status := range []string{"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"} {
		l := newAccount(t)
		l.makeStack(permissionsStack, "Resources: {Rest: {Type: AWS::SNS::Topic}}") // nothing is left of the roles by then
		deleted := false
		l.rewriting(func(action string, _ url.Values, body string) string {
			deleted = deleted || action == "DeleteStack"
			if deleted {
				return body
			}
			return strings.ReplaceAll(body, "<StackStatus>CREATE_COMPLETE", "<StackStatus>"+status)
		})
		if changed, notes := l.apply(nil); !changed || notes != nil {
			t.Errorf("%s: changed %v, notes %v", status, changed, notes)
		}
		if made, removed := l.made("CreateStack"), l.made("DeleteStack"); made != 2 || removed != 1 {
			t.Errorf("%s: made %d times and deleted %d times", status, made, removed)
		}
	}
}

func TestPermissionsThatSomebodyMakesAreWaitedFor(t *testing.T) {
	l := newAccount(t)
	l.makeStack(permissionsStack, string(permissionsTemplate))
	looks := 0
	l.rewriting(func(action string, _ url.Values, body string) string {
		if action == "DescribeStacks" {
			if looks++; looks <= 2 {
				return strings.ReplaceAll(body, "<StackStatus>CREATE_COMPLETE", "<StackStatus>CREATE_IN_PROGRESS")
			}
		}
		return body
	})
	if changed, _ := l.apply(nil); changed || looks < 4 {
		t.Errorf("changed %v after %d looks", changed, looks)
	}
}

// The events of a creation that failed, newest first as AWS gives them; that of an older attempt comes last.
const failedEvents = `<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>
<member><StackId>s</StackId><LogicalResourceId>NodesPolicy</LogicalResourceId><ResourceType>AWS::IAM::ManagedPolicy</ResourceType><ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>Resource creation cancelled</ResourceStatusReason></member>
<member><StackId>s</StackId><LogicalResourceId>NodesRole</LogicalResourceId><PhysicalResourceId></PhysicalResourceId><ResourceType>AWS::IAM::Role</ResourceType><ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>REASON</ResourceStatusReason></member>
<member><StackId>s</StackId><LogicalResourceId>slipway-permissions</LogicalResourceId><PhysicalResourceId>s</PhysicalResourceId><ResourceType>AWS::CloudFormation::Stack</ResourceType><ResourceStatus>CREATE_IN_PROGRESS</ResourceStatus><ResourceStatusReason>User Initiated</ResourceStatusReason></member>
<member><StackId>s</StackId><LogicalResourceId>Older</LogicalResourceId><ResourceType>AWS::IAM::Role</ResourceType><ResourceStatus>CREATE_FAILED</ResourceStatus><ResourceStatusReason>of another time</ResourceStatusReason></member>
</StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>`

func TestPermissionsThatFailSayWhy(t *testing.T) {
	for reason, next := range map[string]string{
		"nodes already exists in stack arn":                      "delete NodesRole or rename it",
		"User: x is not authorized to perform: iam:CreateRole":   "as somebody who may manage roles",
		"Cannot exceed quota for RolesPerAccount: LimitExceeded": "raise the quota",
		"Internal failure": "type: slipway config permissions aws",
	} {
		l := newAccount(t)
		l.rewriting(func(action string, _ url.Values, body string) string {
			if action == "DescribeStackEvents" {
				return strings.ReplaceAll(failedEvents, "REASON", reason)
			}
			return strings.ReplaceAll(body, "<StackStatus>CREATE_COMPLETE", "<StackStatus>ROLLBACK_COMPLETE")
		})
		err := l.refused(nil)
		for _, part := range []string{"AWS::IAM::Role NodesRole", reason, "slipway-permissions in eu-central-1"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not tell %q", err, part)
			}
		}
		if !strings.HasPrefix(err.Next, next) || !strings.HasSuffix(err.Next, typePermissions) {
			t.Errorf("%s: next is %q", reason, err.Next)
		}
	}
}

func TestPermissionsOfSomebodyElseAreLeft(t *testing.T) {
	l := newLab(t)
	changed, notes := l.apply(nil)
	if changed || len(notes) != 1 || !strings.Contains(notes[0].Problem, "by somebody else") || notes[0].Severity != uerr.Warning || notes[0].Next == "" {
		t.Errorf("changed %v, notes %+v", changed, notes)
	}
	l = newAccount(t)
	l.makeStack(clusterawsadm, string(permissionsTemplate))
	// The tag is what Slipway's roles have and upstream's have not.
	for _, name := range instanceProfiles() {
		_, err := l.cloud.iam.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: &name, TagKeys: []string{permissionsRegion}})
		l.must(err)
	}
	changed, notes = l.apply(nil)
	if changed || len(notes) != 1 || !strings.Contains(notes[0].Problem, "by clusterawsadm (stack "+clusterawsadm+")") {
		t.Errorf("changed %v, notes %+v", changed, notes)
	}
	if creates := l.made("CreateStack"); creates != 1 {
		t.Errorf("%d creations", creates)
	}
}

func TestPermissionsOfSomebodyElseThatLackAPartAreRefused(t *testing.T) {
	l := newAccount(t)
	l.makeProfile(instanceProfiles()[1])
	err := l.refused(nil)
	for _, name := range instanceProfiles() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	if !strings.HasPrefix(err.Next, "delete them") || l.made("CreateStack") != 0 {
		t.Errorf("next %q after %d creations", err.Next, l.made("CreateStack"))
	}
}
