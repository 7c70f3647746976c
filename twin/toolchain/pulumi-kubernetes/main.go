// Command pulumi-resource-kubernetes is Pulumi's Kubernetes provider. Upstream's own main package embeds two files that
// its Makefile generates, so it cannot be built from the module as it is served; this one embeds the same two files,
// which the builder copies from the module's folder (see tools.ts, "generate").
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var terraformMapping []byte

func main() {
	provider.Serve("kubernetes", version.Version, schema, terraformMapping)
}
