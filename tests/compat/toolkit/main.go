// Says of each web configuration file whether Prometheus' exporters would take it, with the code that
// they share.
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/exporter-toolkit/web"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := web.Validate(file); err != nil {
			fmt.Printf("refused %s %v\n", file, err)
		} else {
			fmt.Printf("accepted %s\n", file)
		}
	}
}
