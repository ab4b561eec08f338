package providers

import (
	"reflect"
	"testing"
)

// The contract stays small enough to write a second adapter of it.
func TestTheContractHasSixMethodsAtMost(t *testing.T) {
	if n := reflect.TypeFor[Provider]().NumMethod(); n == 0 || n > 6 {
		t.Errorf("%d methods", n)
	}
}
