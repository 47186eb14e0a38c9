// Reads objects of the Prometheus Operator with the operator's own types, strictly: a key that it does not
// know is an error. Other objects are passed over.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind struct {
			Kind string `json:"kind"`
		}
		if err := yaml.Unmarshal(document, &kind); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		var object any
		switch kind.Kind {
		case "PrometheusRule":
			object = &monitoring.PrometheusRule{}
		case "ServiceMonitor":
			object = &monitoring.ServiceMonitor{}
		default:
			continue
		}
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			fmt.Printf("%s: %v\n", kind.Kind, err)
			os.Exit(1)
		}
		fmt.Println(kind.Kind)
	}
}
