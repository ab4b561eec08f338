package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-sh/slipway/internal/simctl"
	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/spf13/cobra"
)

// trouble is what a person wants to go wrong in the simulated clouds. It lasts until another command line lifts it.
type trouble struct {
	delays, faults []string // METHOD=DURATION and METHOD[=TIMES]
	boot           time.Duration

	bootSet func() bool
}

func (t *trouble) bind(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&t.delays, "delay", nil, "METHOD=DURATION: calls of that method of vCenter or Azure take so much longer, 0s lifts it; may be repeated")
	flags.StringArrayVar(&t.faults, "fault", nil, "METHOD[=TIMES]: the next call of that method fails, or so many, 0 lifts it; may be repeated")
	flags.DurationVar(&t.boot, "boot-delay", time.Second, "time between power-on and the first sign of life of a machine that is not up yet")
	t.bootSet = func() bool { return flags.Changed("boot-delay") }
}

// orders are what the simulator has to be told, or everything about them that was not understood.
func (t *trouble) orders() ([]func(context.Context, simctl.State) error, error) {
	var findings uerr.Findings
	var out []func(context.Context, simctl.State) error
	for _, text := range t.delays {
		method, value, _ := strings.Cut(text, "=")
		lasts, err := time.ParseDuration(value)
		if err != nil || method == "" || lasts < 0 {
			findings = append(findings, uerr.Finding{Where: "--delay", Problem: strconv.Quote(text) + " is not METHOD=DURATION", Next: "--delay CloneVM_Task=10s"})
		}
		out = append(out, func(ctx context.Context, s simctl.State) error { return s.Delay(ctx, method, lasts) })
	}
	for _, text := range t.faults {
		method, value, found := strings.Cut(text, "=")
		times, err := 1, error(nil)
		if found {
			times, err = strconv.Atoi(value)
		}
		if err != nil || method == "" || times < 0 {
			findings = append(findings, uerr.Finding{Where: "--fault", Problem: strconv.Quote(text) + " is not METHOD or METHOD=TIMES", Next: "--fault CloneVM_Task=3"})
		}
		out = append(out, func(ctx context.Context, s simctl.State) error { return s.Fail(ctx, method, times) })
	}
	if t.boot < 0 {
		findings = append(findings, uerr.Finding{Where: "--boot-delay", Problem: t.boot.String() + " is less than nothing", Next: "--boot-delay 1m"})
	}
	if t.bootSet() {
		out = append(out, func(ctx context.Context, s simctl.State) error { return s.Boot(ctx, t.boot) })
	}
	return out, findings.Err()
}
