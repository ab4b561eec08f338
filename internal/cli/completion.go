package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

func newCompletion(d *Deps) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion " + strings.Join(shells, "|"),
		Short:     "Print the completion script of a shell",
		Example:   "  source <(" + d.InvokedAs + " completion bash)",
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && slices.Contains(shells, args[0]) {
				return nil
			}
			return &uerr.Error{
				Code: uerr.Usage, What: "which shell: " + strings.Join(shells, ", "),
				Next: d.InvokedAs + " completion bash",
			}
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runCompletion(d, cmd.Root(), args[0]) },
	}
}

func runCompletion(d *Deps, root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(d.Streams.Out, true)
	case "zsh":
		return root.GenZshCompletion(d.Streams.Out)
	case "fish":
		return root.GenFishCompletion(d.Streams.Out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(d.Streams.Out)
	}
	return fmt.Errorf("no completion script for %q", shell)
}

// candidates gives the words that a shell may offer for what was typed so far.
type candidates func(typed string) []string

// completeFlag offers words for the value of a flag.
func completeFlag(cmd *cobra.Command, flag string, words candidates) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return matching(words(typed), typed), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(fmt.Sprintf("%s: %v", cmd.Name(), err)) // a flag that was never declared: a mistake in this package
	}
}

// dependent gives the words that the first argument, and what was typed with it, allow.
type dependent func(cmd *cobra.Command, first string) []string

// completeFlagOf offers words for the value of a flag that depend on the first argument.
func completeFlagOf(cmd *cobra.Command, flag string, words dependent) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return matching(words(cmd, args[0]), typed), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(fmt.Sprintf("%s: %v", cmd.Name(), err)) // as in completeFlag
	}
}

// completeTwo offers words for the first argument, and for the second those that depend on the first.
func completeTwo(cmd *cobra.Command, first candidates, second dependent) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		var words []string
		switch len(args) {
		case 0:
			words = first(typed)
		case 1:
			words = second(cmd, args[0])
		}
		return matching(words, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFirst offers words for the first argument and nothing for the others.
func completeFirst(cmd *cobra.Command, words candidates) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return matching(words(typed), typed), cobra.ShellCompDirectiveNoFileComp
	}
}

func matching(words []string, typed string) []string {
	var out []string
	for _, word := range words {
		if strings.HasPrefix(word, typed) {
			out = append(out, word)
		}
	}
	return out
}
