package vsphere

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/find"

	"github.com/slipway-sh/slipway/internal/uerr"
	"github.com/slipway-sh/slipway/providers/preflight"
)

// lookup is how one kind of inventory object is found by the text of a variable.
type lookup[T any] struct {
	key  string // the variable
	kind string // "datastore"
	find func(ctx context.Context, path string) (T, error)
	list func(ctx context.Context, path string) ([]T, error)
	path func(T) string // inventory path
	all  string         // what lists everything there is; empty means "*"
}

// resolve finds the object, or says why not and what there is instead. An empty text means the only one there is.
func resolve[T any](ctx context.Context, i *inspection, l lookup[T]) (T, uerr.Findings) {
	path := i.config().String(l.key)
	found, err := l.find(ctx, path)
	if err == nil {
		return found, nil
	}
	var problem string
	switch {
	case is[*find.NotFoundError](err):
		problem = fmt.Sprintf("%s %q is not in the inventory, or the user may not see it", l.kind, path)
	case is[*find.MultipleFoundError](err):
		problem = fmt.Sprintf("more than one %s answers to %q: give the full inventory path", l.kind, path)
	case is[*find.DefaultNotFoundError](err):
		problem = fmt.Sprintf("%s is not set and the inventory has no %s", l.key, l.kind)
	case is[*find.DefaultMultipleFoundError](err):
		problem = fmt.Sprintf("%s is not set and the inventory has more than one %s", l.key, l.kind)
	default:
		return found, i.trouble(ctx, "looking for the "+l.kind, err)
	}
	if l.all == "" {
		l.all = "*"
	}
	var names []string
	others, _ := l.list(ctx, l.all) // without them the remedy is only less helpful
	for _, other := range others {
		names = append(names, l.path(other))
	}
	return found, i.refuse(l.key, problem, preflight.OneOf(l.key, names))
}

func is[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}
