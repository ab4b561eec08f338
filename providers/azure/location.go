package azure

import "strings"

// location is Azure's own spelling of the region: westeurope for West Europe.
func (i *inspection) location() string { return plainLocation(i.config().String(keyLocation)) }

func plainLocation(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
