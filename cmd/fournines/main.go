// Command fournines runs the operations of a multi-region platform, and proves it.
package main

import (
	"os"

	"github.com/greenlang/fournines/internal/cli"
)

func main() {
	os.Exit(cli.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
