package cli

import (
	"github.com/slipway-sh/slipway/internal/view"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// ignoredReason is the annotation of a flag that is accepted so that old runbooks run, and does nothing.
const ignoredReason = "slipway_ignored_because"

// bindOutput gives a command -o.
func bindOutput(cmd *cobra.Command, d *Deps) {
	cmd.Flags().VarP(&formatValue{&d.format}, "output", "o", "table, wide, json, yaml or name")
	completeFlag(cmd, "output", func(string) []string { return view.Formats() })
}

// formatValue refuses an unknown format while flags are parsed, so that nothing has been done by then.
type formatValue struct{ format *view.Format }

func (v *formatValue) String() string { return string(*v.format) }

func (v *formatValue) Type() string { return "format" }

func (v *formatValue) Set(text string) error {
	format, err := view.ParseFormat(text)
	if err != nil {
		return err
	}
	*v.format = format
	return nil
}

// ignoreFlag accepts a flag of TKG's that changes nothing here. Naming it prints why.
func ignoreFlag(flags *pflag.FlagSet, name, shorthand, reason string) {
	ignore(flags.VarPF(new(anyValue), name, shorthand, reason), reason)
}

// ignoreSwitch is ignoreFlag for a flag that stands alone.
func ignoreSwitch(flags *pflag.FlagSet, name, shorthand, reason string) {
	flag := flags.VarPF(new(anyValue), name, shorthand, reason)
	flag.NoOptDefVal = "true"
	ignore(flag, reason)
}

func ignore(flag *pflag.Flag, reason string) {
	flag.Hidden = true
	flag.Annotations = map[string][]string{ignoredReason: {reason}}
}

// anyValue takes whatever it is given.
type anyValue string

func (v *anyValue) String() string { return string(*v) }

func (v *anyValue) Type() string { return "string" }

func (v *anyValue) Set(text string) error {
	*v = anyValue(text)
	return nil
}

func warnIgnored(d *Deps, cmd *cobra.Command) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if reason, ok := f.Annotations[ignoredReason]; ok {
			d.View.Warn("--%s is accepted and ignored: %s", f.Name, reason[0])
		}
	})
}
