// Package config reads config.yaml: TKG's variables, their precedence and the origin of each value.
package config

// Config is the resolved configuration of one command.
type Config struct{}
