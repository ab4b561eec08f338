package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipway-sh/slipway/internal/uerr"
)

// instanceProfiles are those that machines bear; the upstream controller's templates name them.
func instanceProfiles() []string {
	return []string{
		"control-plane.cluster-api-provider-aws.sigs.k8s.io",
		"nodes.cluster-api-provider-aws.sigs.k8s.io",
	}
}

// checkPermissions wants the instance profiles of the machines: one answer each, whoever made them and however.
func (i *inspection) checkPermissions(ctx context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, name := range instanceProfiles() {
		profile, err := i.cloud.iam.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
		switch {
		case err == nil && len(profile.InstanceProfile.Roles) == 0:
			findings = append(findings, i.lacking("instance profile "+name+" has no role")...)
		case err == nil:
		case codeOf(err) == "NoSuchEntity":
			findings = append(findings, i.lacking("account "+i.account+" has no instance profile "+name)...)
		case denied(err):
			findings = append(findings, i.unchecked(i.cloud.key, "instance profile "+name, err)...)
		default:
			findings = append(findings, i.trouble(ctx, "looking for instance profile "+name, err)...)
		}
	}
	return findings
}

// rolesOfEKS are those that the upstream controller gives a cluster of EKS and its groups of nodes.
func rolesOfEKS() []string {
	return []string{
		"eks-controlplane.cluster-api-provider-aws.sigs.k8s.io",
		"eks-nodegroup.cluster-api-provider-aws.sigs.k8s.io",
	}
}

// checkRoles wants the roles of EKS, whoever made them: the controller makes none.
func (i *inspection) checkRoles(ctx context.Context) uerr.Findings {
	var findings uerr.Findings
	for _, name := range rolesOfEKS() {
		_, err := i.cloud.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch {
		case err == nil:
		case codeOf(err) == "NoSuchEntity":
			findings = append(findings, i.lacking("account "+i.account+" has no role "+name)...)
		case denied(err):
			findings = append(findings, i.unchecked(i.cloud.key, "role "+name, err)...)
		default:
			findings = append(findings, i.trouble(ctx, "looking for role "+name, err)...)
		}
	}
	return findings
}

func (i *inspection) lacking(problem string) uerr.Findings {
	return uerr.Findings{{Where: "AWS account " + i.account, Problem: problem + ", which clusters need", Next: typePermissions}}
}
