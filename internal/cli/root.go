package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newRoot builds the whole command tree. Building is cheap; whatever costs time is done in a runX.
func newRoot(d *Deps) *cobra.Command {
	root := newGroup(d.InvokedAs, "Create, show, scale and delete Kubernetes clusters on the infrastructure you have")
	root.Long = root.Short + ".\n\nThe management cluster that does the work is a process of Slipway's own: nothing has to be installed first.\n\n" +
		"Exit codes: 0 ok, 1 failure, 2 usage, 3 cancelled, 4 credentials, 5 timed out, 6 not found, 7 none of several done.\n" +
		"diff: 0 nothing to do, 1 failure, 2 changes."
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return d.begin(cmd) }
	d.global.bind(root.PersistentFlags())
	root.AddCommand(
		newGroup("add", "Register what is there already", newAddManagementCluster(d)),
		newGroup("config", "Show the configuration and what it would make", newConfigCluster(d), newConfigPermissions(d), newConfigView(d), newConfigSchema(d)),
		newGroup("create", "Create clusters", newCreateCluster(d)),
		newGroup("delete", "Delete clusters and their parts", newDeleteCluster(d), newDeleteMachineHealthCheck(d),
			newDeleteManagementCluster(d), newDeleteNodePool(d)),
		newGroup("describe", "Show what something is made of and what it waits for", newDescribeCluster(d)),
		newGroup("get", "List clusters, versions and settings",
			newGetCEIP(d), newGetClusters(d), newGetCredentials(d), newGetKubernetesVersions(d),
			newGetMachineHealthCheck(d), newGetManagementCluster(d), newGetNodePools(d)),
		newGroup("image", "Look after node images", newImageImport(d)),
		newLeftovers(d),
		newGroup("retry", "Have something tried again that stopped", newRetryCluster(d)),
		newGroup("scale", "Change the size of clusters", newScaleCluster(d)),
		newGroup("set", "Change settings", newSetCEIP(d), newSetMachineHealthCheck(d), newSetManagementCluster(d), newSetNodePool(d),
			newSetVirtualNode(d)),
		newGroup("upgrade", "Change the version of clusters", newUpgradeCluster(d), newUpgradeManagementCluster(d)),
		newApply(d),
		newCompletion(d),
		newDiff(d),
		newInit(d),
		newManagementCluster(d),
		newRehearse(d),
		newVersion(d),
	)
	return root
}

// newGroup is a command that only holds others. Alone it shows its help; with a word it does not know it says which
// words are close.
func newGroup(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:                        use,
		Short:                      short,
		Args:                       knownSubcommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
	}
	cmd.AddCommand(children...)
	return cmd
}

func knownSubcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &uerr.Error{
		Code: uerr.Usage,
		What: fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath()),
		Next: cmd.CommandPath() + " --help",
	}
	if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
		for i := range close {
			close[i] = cmd.CommandPath() + " " + close[i]
		}
		e.Next = strings.Join(close, ", or ")
	}
	return e
}

func (g *globalFlags) bind(flags *pflag.FlagSet) {
	flags.StringVar(&g.config, "config", "", "config.yaml to use (default $TKG_CONFIG, ~/.slipway/config.yaml or ~/.tkg/config.yaml)")
	flags.StringVar(&g.kubeconfig, "kubeconfig", "", "kubeconfig of the management cluster (default the one that was registered)")
	flags.StringVar(&g.logFile, "log_file", "", "also write every message to this file")
	flags.IntVarP(&g.verbosity, "v", "v", 0, "how much to say, 0 to 9")
	flags.BoolVarP(&g.quiet, "quiet", "q", false, "say nothing but warnings and errors")
	flags.StringVar(&g.configDir, "configdir", "", "folder of config.yaml, as TKG spelled it")
	flags.BoolVar(&g.skipPrompt, "skip-prompt", false, "answer every question with yes, as TKG spelled it")
	hide(flags, "configdir", "skip-prompt")
}

func hide(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		flags.Lookup(name).Hidden = true
	}
}

// begin runs between the parsing of the flags and the command itself.
func (d *Deps) begin(cmd *cobra.Command) error {
	if d.global.verbosity < 0 || d.global.verbosity > 9 {
		return uerr.Findings{{Where: "-v", Problem: fmt.Sprintf("%d is not a level", d.global.verbosity), Next: "-v 0 to -v 9"}}
	}
	d.started, d.trail.begun = true, d.Now()
	var log *os.File
	if d.global.logFile != "" {
		file, err := os.OpenFile(d.global.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return &uerr.Error{Code: uerr.Usage, What: "the log file cannot be written", Object: "--log_file", Cause: errors.Unwrap(err)}
		}
		log = file
		d.closers = append(d.closers, file.Close)
	}
	d.View = d.newConsole(log)
	warnIgnored(d, cmd)
	return nil
}
