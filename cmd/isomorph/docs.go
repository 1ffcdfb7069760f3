package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newDocs returns the command that writes the command pages of doc/ and the
// man pages, from the commands themselves.
func newDocs(root *cobra.Command) *cobra.Command {
	var markdown, man string
	cmd := &cobra.Command{
		Use:    "docs",
		Short:  "Write the command pages and man pages",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if markdown != "" {
				if err := fresh(markdown); err != nil {
					return err
				}
				if err := doc.GenMarkdownTree(root, markdown); err != nil {
					return fmt.Errorf("write the command pages: %w", err)
				}
			}
			if man == "" {
				return nil
			}
			if err := fresh(man); err != nil {
				return err
			}
			epoch := time.Unix(0, 0).UTC() // a date would change with every build
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "isomorph", Manual: "isomorph", Date: &epoch}, man)
		},
	}
	cmd.Flags().StringVar(&markdown, "dir", "", "`DIR` for pages in Markdown")
	cmd.Flags().StringVar(&man, "man", "", "`DIR` for man pages")
	return cmd
}

// fresh makes a directory, without what an earlier run wrote there.
func fresh(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.MkdirAll(dir, 0o755)
}
